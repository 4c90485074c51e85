"""The contracts of the parts a run is made of: Protocols to satisfy, nothing to subclass."""
