"""People, teams and the systems that act for agents."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from accounts.roles import Can, Role, grants


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Make a manager: what a person may do comes from roles, also for the first one."""
        fields.setdefault("roles", [Role.MANAGER.value])
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """A person, known by e-mail address. Teams are Django groups; authority is given to teams."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    roles = ArrayField(
        models.CharField(max_length=20, choices=[(r.value, r.value) for r in Role]),
        default=list,
        blank=True,
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.name or self.email

    def can(self, capability: Can) -> bool:
        """Tell whether an active person's roles give `capability`."""
        return self.is_active and capability in grants(self.roles)


class Client(models.Model):
    """A system that acts for agents over the API."""

    name = models.CharField(max_length=120)
    # Null: a real one. Else the house itself, under the name of the client it stands for: blind
    # tests are its runs. The database gives it neither key nor endpoint, so it is told nothing.
    stands_for = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="house",
    )
    contact = models.EmailField(blank=True, help_text="Who is told when deliveries fail.")
    is_active = models.BooleanField(default=True)
    can_be_slowed = models.BooleanField(
        default=True,
        db_default=True,
        help_text="It waits when it is told to. Without this, what it asks is let in although a "
        "queue is full, and marked so.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(stands_for__isnull=True),
                name="client_name_once",
                violation_error_message="A client of this name is there already.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """A client's secret: only its SHA-256 is kept; the prefix names it on screen and in logs.

    `workflows` holds workflow slugs, not foreign keys: accounts knows nothing of handoffs.
    The one entry ``*`` means every workflow.
    """

    client = models.ForeignKey(
        Client,
        on_delete=models.CASCADE,
        related_name="keys",
        # the house is not offered, nor seen among clients
        limit_choices_to={"stands_for": None},
    )
    prefix = models.CharField(max_length=12, unique=True)
    secret_hash = models.CharField(max_length=64, unique=True)
    workflows = ArrayField(models.CharField(max_length=60), default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.client} ({self.prefix}…)"


class AccessChange(models.Model):
    """One change to who may get in or do what, written in the transaction that makes it.

    Rows are only added. A trigger copies each into the audit log, which is kept higher up.
    """

    at = models.DateTimeField(db_default=Now())
    # null: a command at the console
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=60)
    # canonical JSON
    body = models.TextField()

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"


class ConflictGroup(models.Model):
    """People who count as one where independence is asked for.

    Two accounts of one person, a couple, a person and who reports to them: none of them decides
    what another one asked for, and only one of them decides what takes several.
    """

    name = models.CharField(max_length=120, unique=True)
    people = models.ManyToManyField(User, related_name="conflict_groups")

    def __str__(self) -> str:
        return self.name
