"""What can go wrong, as a tree. Every message says what happened, to what, and what to do now.

NewsletterError
├── SettingsError          a setting is wrong, unknown or missing
├── ProjectError           the folder is no newsletter, or is one already
├── SourceError            a source could not be read; the others go on
├── ModelError             the embedding model is missing, changed or died
│   └── ModelUnusable      it cannot be loaded at all, today as tomorrow
├── TemplateError          a template has a mistake; it names file and line, and nothing is sent
├── IssueError             an issue, its intro or its pins
├── SuggestionError        what a reader suggested, and the operator decides about
├── ClusterError           the cluster that the settings name cannot be reached, or does not do its work
├── EvaluationError        judged data is not laid out as it should be, or there is none
├── MailboxError           mail that comes in cannot be read or taken right now; it waits where it is
└── DeliveryError
    └── TransportDown      no mail can leave at all right now; what waits goes on waiting

`subscribers` has a tree of its own (`SubscribersError`). Outcomes of a single message are values, not errors:
see `delivery/outcomes.py`.
"""


class NewsletterError(Exception):
    """Root of everything this package raises on purpose."""

    #: what was done before it went wrong (`reports.SendReport`), where that matters
    report: object = None


class SettingsError(NewsletterError):
    """A setting is wrong, unknown or missing."""


class ProjectError(NewsletterError):
    """The folder is not the newsletter it should be."""


class SourceError(NewsletterError):
    """A source could not be fetched or understood."""


class ModelError(NewsletterError):
    """The embedding model cannot be used."""


class ModelUnusable(ModelError):
    """The embedding model cannot be loaded, and will not be until somebody changes something."""


class ClusterError(NewsletterError):
    """The cluster that the settings name cannot be used."""


class TemplateError(NewsletterError):
    """A template has a mistake."""


class IssueError(NewsletterError):
    """An issue, its intro or its pins are not what they should be."""


class SuggestionError(NewsletterError):
    """There is no such suggestion, or it cannot become an entry as it is."""


class EvaluationError(NewsletterError):
    """Judged data is not laid out as it should be, or there is none to measure with."""


class MailboxError(NewsletterError):
    """Mail that comes in cannot be read or taken right now; it waits where it is."""


class DeliveryError(NewsletterError):
    """Mail cannot be made ready or handed over."""


class TransportDown(DeliveryError):
    """The mail server or the folder does not take anything at all right now."""
