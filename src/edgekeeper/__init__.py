"""Edgekeeper: learns from every signal, and trades a better model only when the evidence is in."""
