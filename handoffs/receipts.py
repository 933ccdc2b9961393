"""Sign what was decided, so that anyone can check it later without asking us.

A receipt is a compact JWS over RFC 8785 JSON. Ed25519 signs deterministically and the payload has
one byte form, so the same claims under the same key always give the same receipt.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from handoffs import canonical

ALGORITHM = "Ed25519"  # RFC 9864; the older name EdDSA does not say which curve
TYPE = "overread-receipt+jwt"

ArgumentsNotCanonical = canonical.NotCanonical


class KeyUnusable(ValueError):
    """The receipt key cannot be read."""


class ReceiptInvalid(ValueError):
    """The receipt does not prove anything; the message says why."""


def arguments_digest(arguments: Mapping[str, Any]) -> str:
    """Return `sha-256=<64 hex digits>` over the RFC 8785 form of the arguments."""
    return canonical.digest(arguments)


def new_key() -> OKPKey:
    """Make a private key for receipts."""
    return OKPKey.generate_key("Ed25519")


def key_to_json(key: OKPKey) -> str:
    """Write the private key as a JWK, for a file that only the service can read."""
    return json.dumps({**key.as_dict(private=True), "kid": key.thumbprint(), "alg": ALGORITHM})


def key_from_json(text: str) -> OKPKey:
    """Read a private or public Ed25519 JWK, or raise KeyUnusable."""
    try:
        jwk = json.loads(text)
        if not isinstance(jwk, dict) or (jwk.get("kty"), jwk.get("crv")) != ("OKP", "Ed25519"):
            raise KeyUnusable("This is not an Ed25519 key in JWK form. Generate a new one.")
        return OKPKey.import_key(
            {name: jwk[name] for name in ("kty", "crv", "x", "d") if name in jwk}
        )
    except KeyUnusable:
        raise
    except (ValueError, TypeError, KeyError, JoseError):
        raise KeyUnusable("The key file is not a readable JWK. Generate a new one.") from None


def sign(claims: Mapping[str, Any], key: OKPKey) -> str:
    """Return the claims as a compact JWS; claims without a canonical form raise NotCanonical."""
    header = {"alg": ALGORITHM, "kid": key.thumbprint(), "typ": TYPE}
    return jws.serialize_compact(header, canonical.encode(claims), key, registry=_registry())


def verify(token: str, jwks: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims of a receipt signed by one of the public keys, or raise ReceiptInvalid.

    The algorithm is ours, never the token's choice; a key is only found by its identifier.
    """
    header = _header(token)
    if header.get("alg") != ALGORITHM:
        raise ReceiptInvalid(f"The receipt is not signed with {ALGORITHM}. Do not rely on it.")
    if header.get("typ") != TYPE:
        raise ReceiptInvalid("The token is not a receipt. Do not rely on it.")
    key = _key(jwks, header.get("kid"))
    try:
        payload = jws.deserialize_compact(token, key, registry=_registry()).payload
    except (JoseError, ValueError):
        raise ReceiptInvalid("The signature does not fit the receipt. Do not rely on it.") from None
    claims = json.loads(payload)
    if not isinstance(claims, dict):
        raise ReceiptInvalid("The receipt holds no claims. Do not rely on it.")
    return claims


def public_jwks(keys: Iterable[OKPKey]) -> dict[str, list[dict[str, str]]]:
    """Return the key set to publish: the current key and the retired ones, public halves only."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": str(key.as_dict(private=False)["x"]),
                "kid": key.thumbprint(),
                "alg": ALGORITHM,
                "use": "sig",
            }
            for key in keys
        ]
    }


def _registry() -> jws.JWSRegistry:
    return jws.JWSRegistry(algorithms=[ALGORITHM])


def _header(token: str) -> dict[str, Any]:
    parts = token.split(".") if len(token) <= 100_000 else []
    try:
        if len(parts) != 3:
            raise ValueError
        header = json.loads(_decode(parts[0]))
        if not isinstance(header, dict):
            raise ValueError
    except (ValueError, RecursionError):
        raise ReceiptInvalid("This is not a receipt: three parts joined by dots.") from None
    return header


def _decode(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("not base64url") from None


def _key(jwks: Mapping[str, Any], kid: object) -> OKPKey:
    for jwk in jwks.get("keys", []):
        if jwk.get("kid") == kid and jwk.get("kty") == "OKP" and jwk.get("crv") == "Ed25519":
            return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": jwk["x"]})
    raise ReceiptInvalid("The receipt names a key that is not in the key set. Fetch the set again.")
