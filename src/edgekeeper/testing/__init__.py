"""Conformance kits that ship to whoever writes a plug-in; nothing in the package imports them."""
