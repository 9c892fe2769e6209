"""What comes in: the tables of a dataset, read, checked, corrected, converted; workbooks to fill in; an
invented sample.
"""
