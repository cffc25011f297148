"""Webflow over HTTP: calls (`endpoints`), their sending (`Client`), and readers of the answers."""

from importer.client import endpoints
from importer.client.answers import (
    Introspection,
    ListedItem,
    Page,
    UnreadableAnswer,
    read_collections,
    read_created,
    read_introspection,
    read_page,
    read_published,
    read_site,
    read_sites,
)
from importer.client.connecting import connect
from importer.client.sending import Client, NotFound, ReadRefused
from importer.client.wire import ApiError, Call, Reply, ReplyKind
from importer.errors.api import Detail

__all__ = [
    "ApiError",
    "Call",
    "Client",
    "Detail",
    "Introspection",
    "ListedItem",
    "NotFound",
    "Page",
    "ReadRefused",
    "Reply",
    "ReplyKind",
    "UnreadableAnswer",
    "connect",
    "endpoints",
    "read_collections",
    "read_created",
    "read_introspection",
    "read_page",
    "read_published",
    "read_site",
    "read_sites",
]
