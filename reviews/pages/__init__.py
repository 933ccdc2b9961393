"""View objects: everything a template prints, decided here."""
