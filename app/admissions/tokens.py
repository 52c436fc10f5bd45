"""What stands in a link: 256 random bits, of which only the hash is kept."""

import secrets

from app.core.errors import NotFound
from app.core.settings import settings


class LinkUnusable(NotFound):
    """This link was used already or has expired."""

    status = 410


def new_token() -> str:
    return secrets.token_urlsafe(32)


def link_to(path: str, token: str) -> str:
    return f"{settings().base_url}{path}/{token}"
