"""Where a new school brings most children within walking distance, exactly, and what becomes of the
verdicts.
"""
