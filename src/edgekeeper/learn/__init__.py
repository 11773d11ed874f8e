"""The learning loop: from the record to candidates and refits."""

from edgekeeper.learn.service import LearnService

__all__ = ["LearnService"]
