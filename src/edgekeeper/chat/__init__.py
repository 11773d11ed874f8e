"""The Telegram bot: questions about a run and orders to it, from chats that were allowed to."""

from edgekeeper.chat.bot import Bot
from edgekeeper.chat.commands import ORDERS, QUESTIONS, Said, help_text, read_command
from edgekeeper.chat.confirming import Confirmations, Wish
from edgekeeper.chat.memory import Memory
from edgekeeper.chat.texts import split

__all__ = [
    "ORDERS",
    "QUESTIONS",
    "Bot",
    "Confirmations",
    "Memory",
    "Said",
    "Wish",
    "help_text",
    "read_command",
    "split",
]
