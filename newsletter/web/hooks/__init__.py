"""Bounces, complaints and leavings that a mail service tells by calling a page of ours.

Each service has its file, which knows whether a call is genuine and what it says; `answering` is the one place that
acts. What follows is what follows from a mail that comes back (`readers.correspondence`).
"""
