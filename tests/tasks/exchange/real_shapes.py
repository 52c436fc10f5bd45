"""Boards in the shapes in which Trello exported them over the years. The shapes are Trello's, the content is ours."""

import json
from typing import Any

Json = dict[str, Any]
BADGES: Json = {"votes": 0, "fogbugz": "", "checkItems": 0, "comments": 0, "attachments": 0, "due": None}


def export(**board: Any) -> bytes:
    return json.dumps(board, ensure_ascii=False).encode()


def _who(key: str, name: str, **fields: Any) -> Json:
    return {"id": key, "fullName": name, "initials": name[:2], "username": name.casefold(), **fields}


def _action(key: str, kind: str, date: str, who: Json | None, **data: Any) -> Json:
    top = data.pop("top", {})
    shown = {"memberCreator": who, "idMemberCreator": who["id"]} if who else {"idMemberCreator": "5" * 24}
    return {"id": key, "type": kind, "date": date, "data": data, **shown, **top}


OLGA, PER = _who("5197b9853dd23eac6e007f01", "Olga"), _who("5197b9853dd23eac6e007f02", "Per")


def of_2013() -> bytes:
    """Labels have no ids, cards no `idLabels`, and an action says of a description only that there is one."""
    board = {"name": "Garden", "id": "5197b968bb47d41233005601"}
    here = {"id": "5197b968bb47d41233005602", "name": "Beds"}
    card = {"idShort": 1, "name": "Dig", "id": "5197ba6315284e1a56002f01"}
    plain = {"checkItemStates": [], "descData": None, "idMembersVoted": [], "badges": BADGES, "attachments": []}
    green, yellow = {"color": "green", "name": "Soil"}, {"color": "yellow", "name": "Water"}
    cards = [
        {**card, **plain, "closed": False, "desc": "Two feet deep.", "idList": here["id"], "pos": 1024, "due": None,
         "dateLastActivity": "2013-05-29T16:17:13.122Z", "idMembers": [OLGA["id"]], "labels": [green, yellow]},
        {**plain, "id": "5197ba6315284e1a56002f02", "idShort": 2, "name": "Sow", "closed": True, "desc": "",
         "due": None, "idList": here["id"], "pos": 20480.5, "dateLastActivity": "2013-05-18T18:30:14.068Z",
         "idMembers": [], "labels": [green]},
    ]  # fmt: skip
    at = "2013-05-18T17:29:{}.707Z".format
    actions = [
        _action("5197ba6315284e1a56002f12", "updateCard", at(31), OLGA, board=board, card={**card, "desc": True},
                old={"desc": ""}),
        _action("5197ba6315284e1a56002f11", "createCard", at(20), OLGA, board=board, list=here, card=card),
        _action("5197ba6315284e1a56002f10", "addMemberToBoard", at(10), OLGA, board=board, idMemberAdded=PER["id"],
                memberType="normal", top={"member": PER}),
    ]  # fmt: skip
    return export(
        id=board["id"], name="Garden", desc="", closed=False, invited=False, invitations=[], checklists=[],
        labelNames={"green": "Soil", "yellow": "Water", "orange": "", "red": "Never used"}, cards=cards,
        lists=[{"id": here["id"], "name": "Beds", "closed": False, "pos": 16384, "subscribed": False}],
        members=[OLGA], actions=actions,
    )  # fmt: skip


def of_2020() -> bytes:
    """Fields of one's own of every type, links to other cards, checklists that were copied, covers of no colour."""
    fields = [
        {
            "id": f"5eb9ae746b236f5a9a6660{number:02}",
            "name": name,
            "type": kind,
            "fieldGroup": "9c",
            "pos": 16384 * number,
        }
        for number, (name, kind) in enumerate(
            [("Begin", "date"), ("Ticket", "text"), ("Paid", "checkbox"), ("Size", "number"), ("Stage", "list")], 1
        )
    ]
    fields[4]["options"] = [{"id": "5eb9ae746b236f5a9a667001", "value": {"text": "Two"}, "color": "none", "pos": 1}]
    values: list[Json] = [
        {"value": {"date": "2020-07-08T18:50:24.000Z"}}, {"value": {"text": "b/7"}}, {"value": {"checked": "true"}},
        {"value": {"number": "2.5"}}, {"value": None, "idValue": "5eb9ae746b236f5a9a667001"},
    ]  # fmt: skip
    link = "https://trello.com/c/LTKBszPH/72-other-card"
    card = {
        "id": "5f036bcadeeafe0fa4252201", "name": "Parser", "desc": "", "closed": False, "idShort": 69, "pos": 344064,
        "idList": "5eb9ab12585419763edf9d01", "idLabels": [], "labels": [], "idMembers": ["58ab1aad393bda48475be701"],
        "dueComplete": False, "due": None, "start": None, "isTemplate": True, "checkItemStates": None, "address": None,
        "cover": {"idAttachment": None, "color": None, "idUploadedBackground": None, "size": "normal",
                  "brightness": "light"},
        "attachments": [{"bytes": None, "date": "2020-07-07T18:28:49.892Z", "edgeColor": None, "isUpload": False,
                         "mimeType": "", "name": link, "previews": [], "url": link, "pos": 16384, "fileName": None}],
        "customFieldItems": [{"id": f"{number:024x}", "idCustomField": field["id"], "modelType": "card", **value}
                             for number, (field, value) in enumerate(zip(fields, values, strict=True))],
        "dateLastActivity": "2020-09-25T17:33:20.211Z", "pluginData": [],
    }  # fmt: skip
    checklist = {
        "id": "5e8c85086f0f7d0c8fc31901", "name": "Ready", "idCard": card["id"], "pos": 16384, "creationMethod": None,
        "checkItems": [{"idChecklist": "5e8c85086f0f7d0c8fc31901", "state": "complete", "id": f"{number:024x}",
                        "name": name, "nameData": None, "pos": pos, "due": None, "idMember": None}
                       for number, (name, pos) in enumerate([("Second", 16623), ("First", 8311.5)])],
    }  # fmt: skip
    orphan = {**checklist, "id": "5e8c85086f0f7d0c8fc31902", "idCard": "5e8c85086f0f7d0c8fc319ff", "name": "Orphan"}
    return export(
        id="5e614b0d907a35341f6c9101", name="Parsers", desc="", closed=False, customFields=fields, cards=[card],
        lists=[{"id": "5eb9ab12585419763edf9d01", "name": "Doing", "closed": False, "pos": 65535, "softLimit": 3}],
        checklists=[checklist, orphan], labels=[], members=[], actions=[],
        pluginData=[{"idPlugin": "5", "value": "{}"}],
    )  # fmt: skip


def of_2026() -> bytes:
    """New colours and fields, a list from another board, a deleted account, mirrors, marks of being complete."""
    board = {"id": "69447e38c26b2c60da5f7601", "name": "Läufe", "shortLink": "vSXcc8xA"}
    inbox, done = (
        {"id": "68a69ffc6697363e38754501", "name": "☀️ Inbox"},
        {"id": "6ab0544e03aed5ce37d0af01", "name": "完了"},
    )
    lists = [
        {**one, "closed": False, "color": None, "idBoard": board["id"], "pos": 16384 * place, "softLimit": None,
         "type": None, "datasource": {"filter": False}, "creationMethod": None, "nodeId": "ari:cloud:trello::list/x"}
        for place, one in enumerate([inbox, done])
    ]  # fmt: skip
    empty = {"agent": {"name": None, "conversationId": None}, "aiMetadata": None, "externalSource": None,
             "pinned": False, "mirrorSourceId": None, "mirrorSourceNodeId": None, "cardRole": None,
             "recurrenceRule": None, "originalDesc": "", "originalName": "", "urlSource": None, "manifest": None,
             "locationName": None,
             "cover": {"idAttachment": None, "color": None, "size": "normal", "brightness": "dark", "yPosition": 0.5,
                       "idPlugin": None}, "isTemplate": False, "badges": {**BADGES, "lastUpdatedByAi": False},
             "dateClosed": None, "dateCompleted": None, "due": None, "start": None, "dueComplete": False, "desc": "",
             "idLabels": [], "labels": [], "idMembers": [], "attachments": [], "customFieldItems": [],
             "limits": {}}  # fmt: skip
    cards = [
        {**empty, "id": "67f2ce30f3b633cd79d23001", "name": "🏃 Old run", "idShort": 7, "closed": False,
         "idList": inbox["id"], "pos": 140737488404480, "dateLastActivity": "2026-01-20T10:00:00.000Z",
         "dueComplete": True, "dateCompleted": "2026-01-20T10:00:00.000Z", "idMembers": ["68689842" + "a" * 16],
         "idLabels": ["694484c6403455f9854b1d01"]},
        {**empty, "id": "6ab0382405fa6167f4219301", "name": "https://trello.com/c/hKO8DKUN", "idShort": 8,
         "closed": False, "idList": done["id"], "pos": 140737488404480, "cardRole": "mirror",
         "mirrorSourceId": "67f2ce30f3b633cd79d23fff", "dateLastActivity": "2026-01-12T10:00:00.000Z"},
    ]  # fmt: skip
    colors = [("", "green"), ("", "orange_light"), ("Plain", None)]
    labels = [{"id": f"694484c6403455f9854b1d0{number}", "name": name, "color": color, "uses": 1}
              for number, (name, color) in enumerate(colors)]  # fmt: skip
    actions = [
        _action("696f5200000000000000000a", "updateCard", "2026-01-20T10:00:00.000Z", None, board=board, list=inbox,
                card={"id": cards[0]["id"], "dueComplete": True}, old={"dueComplete": False}),
        _action("696f520000000000000000aa", "updateCard", "2026-01-12T09:00:00.000Z", OLGA, board=board,
                card={"id": cards[0]["id"], "name": "Run", "pos": 4}, list=done, old={"pos": 140737488404480}),
        _action("695a5d000000000000000001", "moveListToBoard", "2026-01-04T12:00:00.000Z", OLGA, board=board,
                list=inbox, boardSource={"id": "688e68d26fb6df42db568401"}),
    ]  # fmt: skip
    actions[0] |= {"agenticIdentity": None, "appCreator": None, "limits": None}
    return export(
        **board, desc="", closed=False, actions=[actions[0], *actions], cards=cards, labels=labels, lists=lists,
        members=[OLGA], checklists=[], customFields=[], creationMethodLoadingPhase=None, idBoardSource="5c3e2f94",
        limits={"attachments": {"perBoard": {"status": "ok"}}}, premiumFeatures=["plugins"], pluginData=[],
    )  # fmt: skip
