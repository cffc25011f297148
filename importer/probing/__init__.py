"""Asking a Webflow how it behaves, on a collection that is made for it and removed again."""

from importer.probing.answers import NOT_ASKED, QUESTIONS, UNKNOWN, Answer, Answers
from importer.probing.interview import Interview
from importer.probing.scratch import LIKE_OURS, Scratch, left_by_probes, written_now
from importer.probing.script import interview

__all__ = [
    "LIKE_OURS",
    "NOT_ASKED",
    "QUESTIONS",
    "UNKNOWN",
    "Answer",
    "Answers",
    "Interview",
    "Scratch",
    "interview",
    "left_by_probes",
    "written_now",
]
