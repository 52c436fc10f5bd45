"""What the menu of a board offers of its automations."""

from app.core.actor import Actor, Role
from app.tasks.schemas import Board
from app.ui.board import may_work
from app.ui.board_automations import dialog_of
from app.ui.board_automations_recurring import recurring_section
from app.ui.board_automations_rules import rules_section
from app.ui.board_automations_switches import switches_section
from app.ui.board_automations_templates import templates_section

SECTIONS = {
    "Rules": rules_section,
    "Built in": switches_section,
    "Recurring cards": recurring_section,
    "Templates": templates_section,
}


def automations(_person: Actor, board: Board) -> None:
    dialog_of("Automations", SECTIONS, board)


def may_use_templates(board: Board, person: Actor) -> bool:
    return may_work(board, person)


def may_see_automations(_board: Board, person: Actor) -> bool:
    return person.role.includes(Role.viewer)
