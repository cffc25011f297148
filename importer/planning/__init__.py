"""What is to be done with each row, and in which requests: decisions, pure."""

from importer.planning.chunks import Chunk, Chunker
from importer.planning.decisions import OUTSIDE_CAUSES, Decision, decide
from importer.planning.narrowing import Narrowing
from importer.planning.ordering import circle, in_order

__all__ = ["OUTSIDE_CAUSES", "Chunk", "Chunker", "Decision", "Narrowing", "circle", "decide", "in_order"]
