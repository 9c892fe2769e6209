"""From a dataset to verdicts: who is judged, resources C1–C7, figures C8–C31, the assessment of a year."""
