"""What offices hand in, as workbooks: 表I to 表VI, the self-assessment form, 问题台账 and 一校一策."""

from qb.forms.entry import write_all, write_forms, write_ledger, write_policies

__all__ = ["write_all", "write_forms", "write_ledger", "write_policies"]
