"""All entry is through three doors: visitor, client, staff. None takes "whose": nobody can ask for somebody else."""

from clientportal.doors.aio import AsyncClientDoor, AsyncPortal, AsyncStaffDoor, AsyncVisitorDoor
from clientportal.doors.client import ClientDoor
from clientportal.doors.portal import Portal
from clientportal.doors.staff import StaffDoor
from clientportal.doors.visitor import VisitorDoor

__all__ = [
    "AsyncClientDoor",
    "AsyncPortal",
    "AsyncStaffDoor",
    "AsyncVisitorDoor",
    "ClientDoor",
    "Portal",
    "StaffDoor",
    "VisitorDoor",
]
