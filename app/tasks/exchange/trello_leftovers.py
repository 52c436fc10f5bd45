"""What a Trello export holds besides what is read: found by walking over it, so that new parts of it are seen too."""

from typing import Any

import msgspec

from app.tasks.exchange import trello
from app.tasks.exchange.draft import LEFT, Draft

# Follows from other fields, or says only how Trello itself keeps it.
DERIVED = {
    "board": "nodeId descData dateLastActivity dateLastView shortLink shortUrl url limits prefs idOrganization "
    "idEnterprise enterpriseOwned idMemberCreator labelNames creationMethod ixUpdate premiumFeatures type closed "
    "dateClosed subscribed starred pinned idTags datePluginDisable templateGallery idBoardSource memberships "
    "creationMethodError creationMethodLoadingStartedAt creationMethodLoadingPhase powerUps invitations invited",
    "lists": "nodeId idBoard subscribed limits idOrganization creationMethod type status datasource dateLastActivity",
    "cards": "nodeId badges checkItemStates idBoard idChecklists idOrganization idAttachmentCover idMemberCreator "
    "limits manualCoverAttachment shortLink shortUrl url staticMapUrl descData subscribed creationMethod "
    "creationMethodError creationMethodLoadingStartedAt email dueReminder dateViewed dateViewedByCreator faceVersion "
    "mirrorSourceNodeId",
}
SAID = {
    "cover": "Covers of cards",
    "idMembersVoted": "Votes for cards",
    "stickers": "Stickers",
    "coordinates": "Places on the map",
    "address": "Addresses of places",
    "locationName": "Names of places",
    "recurrenceRule": "Rules by which cards repeat",
    "pluginData": "What power-ups have stored",
    "isTemplate": "Marks of cards that are templates: they are ordinary cards now",
    "color": "Colours of lists",
}
ROLES = "Cards that show a link, a board or a line: they are ordinary cards now"
LOOKS = {"size", "brightness", "yPosition", "edgeColor", "scaled"}  # of a cover, whether there is one or not


def note_leftovers(draft: Draft, raw: dict[str, Any]) -> None:
    """`raw` has been decoded without an error, so that its parts have the shape they should have."""
    _note(draft, "board", trello.TBoard, [raw])
    _note(draft, "lists", trello.TList, raw["lists"])
    _note(draft, "cards", trello.TCard, raw["cards"])


def _note(draft: Draft, kind: str, shape: type[msgspec.Struct], things: list[dict[str, Any]]) -> None:
    known = set(shape.__struct_encode_fields__) | set(DERIVED[kind].split())
    for thing in things:
        if kind == "cards" and thing.get("cardRole") not in (None, "mirror"):
            draft.note(LEFT, ROLES, str(thing.get("name") or ""))
        for name in thing.keys() - known:
            if says_something(thing[name]):
                text = SAID.get(name, f"{kind}: “{name[:60]}”, which is not known here")
                draft.note(LEFT, text, str(thing.get("name") or ""))


def says_something(value: Any) -> bool:
    """A cover without picture and colour, for example, is an object of empty values."""
    if isinstance(value, dict):
        return any(says_something(part) for key, part in value.items() if key not in LOOKS)
    return value not in (None, False, "", 0) and value != []
