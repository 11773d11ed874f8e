"""Report: what a run has to say, as a page that needs nothing else and as a terminal screen.

``story`` holds the figures and series of one run on one market; everything else only shows them.
Nothing is imported here: who needs a word of ``wording`` should not load what draws pictures.
"""
