"""The predictions of a published frame as data: one event for every exit that delivers them."""

from .event import EVENT_MAX_BYTES, EventOptions, PredictionsEvent, event_of, predictions_of, utc_text

__all__ = ["EVENT_MAX_BYTES", "EventOptions", "PredictionsEvent", "event_of", "predictions_of", "utc_text"]
