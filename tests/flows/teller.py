"""What tells people and chats, as a process, once: read the logs, write what is due."""

import os

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    django.setup()
    from django.utils import timezone

    from reviews import notice_mails, notice_posts, notices

    notices.look(now=timezone.now())
    notice_mails.send_due(now=timezone.now())
    notice_posts.send_due(now=timezone.now())
