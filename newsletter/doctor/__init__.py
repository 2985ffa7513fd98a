"""`newsletter doctor`: checks everything that decides whether mail arrives, and says what to do about each finding.

What is so is gathered in few places (`asking`, `server`, `pages`, `incoming`, `database`, `templates`, `own_files`);
what it means is said by pure rules over that. `examination` puts them together, those of the network side by side.
"""
