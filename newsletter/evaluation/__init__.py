"""Rankings against judged data: read a folder, replay it issue by issue, measure methods side by side."""
