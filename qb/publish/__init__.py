"""From an assessment to a site: notebooks executed by papermill, pages written by nbconvert, one index."""
