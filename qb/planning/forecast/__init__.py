"""Pupils in the years to come: who moves up, who enters, and how far past forecasts were off."""
