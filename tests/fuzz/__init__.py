"""Random inputs, cut at random places, for what reads bytes of others."""
