"""Alerts: where an account's owner wants to be told."""

from functools import cache

from corent.usecases.manage_alert import ManageAlert
from corent.wiring.callers_webhooks import CallersWebhooks
from corent.wiring.crossings import wake
from corent.wiring.notices import notices


@cache
def manage_alert() -> ManageAlert:
    return ManageAlert(notices=notices(), webhooks=CallersWebhooks(), wake=wake())
