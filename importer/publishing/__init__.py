"""Publishing: items are sent, answers matched, doubts settled, refusals narrowed down; each row ends exactly once."""

from importer.publishing.learned import with_seen_lag
from importer.publishing.listing import Listings
from importer.publishing.session import GRACE, Session
from importer.publishing.target import Allowance, Place, Plan, Target, Timing, Todo

__all__ = ["GRACE", "Allowance", "Listings", "Place", "Plan", "Session", "Target", "Timing", "Todo", "with_seen_lag"]
