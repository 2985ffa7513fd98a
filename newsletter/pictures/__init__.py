"""Pictures for the editor: data in, SVG out. Pure; nothing is opened here.

They take the page's own colours by its variables (`--ink`, `--soft`, `--rule`, `--brand`, `--sheet`), have no width of
their own (places across are percentages), and need neither styles nor scripts: any page may hold them, whatever its
content security policy.
"""
