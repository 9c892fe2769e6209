"""What a page shows, as a Word document that an office can edit."""

from qb.word.document import Cover, write_document

__all__ = ["Cover", "write_document"]
