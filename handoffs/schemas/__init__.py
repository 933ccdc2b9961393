"""Every JSON shape that an agent sends or receives, by noun; hand-written, In and Out apart."""
