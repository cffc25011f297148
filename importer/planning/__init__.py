"""What is to be done with each row, and in which requests: decisions, pure."""

from importer.planning.chunks import Chunk, Chunker
from importer.planning.decisions import OUTSIDE_CAUSES, Decision, decide
from importer.planning.narrowing import Narrowing

__all__ = ["OUTSIDE_CAUSES", "Chunk", "Chunker", "Decision", "Narrowing", "decide"]
