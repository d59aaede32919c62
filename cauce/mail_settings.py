"""The settings of the mails that the hub writes to its people."""

from zoneinfo import ZoneInfo

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class MailSettings(BaseSettings):
    """By what mails go out, when the daily ones do, and how long their links work."""

    mail_connection: str = Field(
        default="mail", description="The connection by which the hub writes to its people, with its operation `send`."
    )
    mail_digest: str = Field(
        default="07:00 Europe/Madrid",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d [A-Za-z]\S*$",
        description="When people get what they want once a day: hour and time zone.",
    )
    mail_link_days: int = Field(default=7, gt=0, description="How long the links in mails lead somewhere.")

    @field_validator("mail_digest")
    @classmethod
    def _somewhere(cls, text: str) -> str:
        try:
            ZoneInfo(text.partition(" ")[2])
        except (OSError, ValueError, KeyError) as cause:
            message = "write the hour and a time zone, as 07:00 Europe/Madrid"
            raise ValueError(message) from cause
        return text
