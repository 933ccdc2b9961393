"""Verify a receipt offline: who-by-role approved which exact arguments."""

import json
from collections.abc import Mapping
from typing import Any

from overread import canonical
from overread.errors import ReceiptInvalid
from overread.values import Receipt
from overread.wire import decode

try:
    from joserfc import jws
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet
except ImportError:  # pragma: no cover
    jws = None  # type: ignore[assignment]

# Only this one: a receipt that names another algorithm is not ours.
ALGORITHM = "Ed25519"


def verify(
    receipt: str,
    jwks: Mapping[str, Any],
    *,
    handoff: str | None = None,
    arguments: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
) -> Receipt:
    """Check the signature and, where given, that it is about this handoff and just this."""
    proven = decode(Receipt, _claims(receipt, jwks))
    if handoff is not None and proven.handoff != handoff:
        raise ReceiptInvalid(f"The receipt is about {proven.handoff}, not {handoff}.")
    if arguments is not None and proven.arguments_digest != canonical.digest(arguments):
        raise ReceiptInvalid("The receipt is about other arguments than these.")
    bound = canonical.digest(details) if details else None
    if details is not None and proven.details_digest != bound:
        raise ReceiptInvalid("The receipt is about other details than these.")
    return proven


def _claims(receipt: str, jwks: Mapping[str, Any]) -> Any:
    if jws is None:
        raise RuntimeError("Verifying receipts needs: pip install 'overread-client[receipts]'")
    try:
        keys = KeySet.import_key_set({"keys": list(jwks["keys"])})
        signed = jws.deserialize_compact(receipt, keys, algorithms=[ALGORITHM])
        return json.loads(signed.payload)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise ReceiptInvalid(f"The receipt does not verify: {error}") from error
