import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from handoffs import receipts
from handoffs.canonical import NotCanonical
from handoffs.receipts import KeyUnusable, ReceiptInvalid

# RFC 8037, appendix A: key (A.1), thumbprint (A.3), signing input and signature (A.4).
RFC_KEY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
RFC_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
RFC_INPUT = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
RFC_SIGNATURE = (
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)

CLAIMS = {
    "handoff": "ho_1",
    "run": "run_1",
    "action_type": "cancel_order",
    "arguments_digest": "sha-256=" + "0" * 64,
    "verb": "approve",
    "role": "refund approver",
    "approvers": 1,
    "map_version": 3,
    "answered_at": "2030-01-01T10:00:00Z",
}

key = receipts.key_from_json(json.dumps(RFC_KEY))
jwks = receipts.public_jwks([key])


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def with_header(token: str, **changes: object) -> str:
    header, payload, signature = token.split(".")
    changed = {**json.loads(unb64(header)), **changes}
    return ".".join([b64(json.dumps(changed).encode()), payload, signature])


def test_key_signs_as_in_rfc_8037() -> None:
    assert b64(key.private_key.sign(RFC_INPUT)) == RFC_SIGNATURE


def test_key_identifier_is_the_thumbprint_of_rfc_8037() -> None:
    assert jwks["keys"][0]["kid"] == RFC_THUMBPRINT
    assert json.loads(unb64(receipts.sign(CLAIMS, key).split(".")[0]))["kid"] == RFC_THUMBPRINT


def test_receipt_says_what_was_signed() -> None:
    assert receipts.verify(receipts.sign(CLAIMS, key), jwks) == CLAIMS


def test_receipt_verifies_without_our_code() -> None:
    header, payload, signature = receipts.sign(CLAIMS, key).split(".")
    public = Ed25519PublicKey.from_public_bytes(unb64(RFC_KEY["x"]))

    public.verify(unb64(signature), f"{header}.{payload}".encode())

    assert json.loads(unb64(header)) == {
        "alg": "Ed25519",
        "typ": "overread-receipt+jwt",
        "kid": RFC_THUMBPRINT,
    }


def test_same_claims_in_any_order_give_the_same_receipt() -> None:
    assert receipts.sign(dict(reversed(CLAIMS.items())), key) == receipts.sign(CLAIMS, key)


def test_published_keys_hold_no_private_part() -> None:
    assert "d" not in jwks["keys"][0]
    assert RFC_KEY["d"] not in json.dumps(jwks)


def test_receipt_of_a_retired_key_still_verifies() -> None:
    old, new = receipts.new_key(), receipts.new_key()

    assert receipts.verify(receipts.sign(CLAIMS, old), receipts.public_jwks([new, old])) == CLAIMS


def test_every_changed_character_is_noticed() -> None:
    token = receipts.sign(CLAIMS, key)

    for place, character in enumerate(token):
        changed = token[:place] + ("A" if character != "A" else "B") + token[place + 1 :]
        with pytest.raises(ReceiptInvalid):
            receipts.verify(changed, jwks)


def test_second_spelling_of_the_signature_is_refused() -> None:
    token = receipts.sign(CLAIMS, key)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    # the last of 86 characters carries two bits of signature; the other four are free
    twin = token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]

    assert unb64(twin.split(".")[2]) == unb64(token.split(".")[2])
    with pytest.raises(ReceiptInvalid):
        receipts.verify(twin, jwks)


@pytest.mark.parametrize("alg", ["none", "None", "EdDSA", "HS256", "ES256", "", None, ["Ed25519"]])
def test_other_algorithms_are_refused(alg: object) -> None:
    token = with_header(receipts.sign(CLAIMS, key), alg=alg)

    for spelled in (token, token.rsplit(".", 1)[0] + "."):
        with pytest.raises(ReceiptInvalid, match="not signed with Ed25519"):
            receipts.verify(spelled, jwks)


def test_properly_signed_token_that_is_no_receipt_is_refused() -> None:
    header = b64(json.dumps({"alg": "Ed25519", "kid": RFC_THUMBPRINT, "typ": "JWT"}).encode())
    signing_input = f"{header}.{b64(json.dumps(CLAIMS).encode())}"
    token = f"{signing_input}.{b64(key.private_key.sign(signing_input.encode()))}"

    with pytest.raises(ReceiptInvalid, match="not a receipt"):
        receipts.verify(token, jwks)


def test_key_that_a_token_brings_along_is_not_used() -> None:
    mine = receipts.new_key()
    token = receipts.sign(CLAIMS, mine)

    with pytest.raises(ReceiptInvalid, match="key set"):
        receipts.verify(token, jwks)
    with pytest.raises(ReceiptInvalid):
        receipts.verify(with_header(token, jwk=mine.as_dict(private=False)), jwks)
    with pytest.raises(ReceiptInvalid, match="signature"):
        receipts.verify(with_header(token, kid=RFC_THUMBPRINT), jwks)


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "e30.e30.e30", "ü.ü.ü", "W10.e30.AA", "x" * 200_000, "e30.e30"],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(ReceiptInvalid):
        receipts.verify(token, jwks)


def test_key_survives_its_file() -> None:
    made = receipts.new_key()

    again = receipts.key_from_json(receipts.key_to_json(made))

    assert receipts.sign(CLAIMS, again) == receipts.sign(CLAIMS, made)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"kty": "oct", "k": "AA"}', '{"kty": "OKP", "crv": "Ed25519"}']
)
def test_unreadable_key_is_refused(text: str) -> None:
    with pytest.raises(KeyUnusable):
        receipts.key_from_json(text)


def test_arguments_digest_is_over_canonical_json() -> None:
    arguments = {"reason": "no longer needed", "order_id": "#W5744371"}
    form = b'{"order_id":"#W5744371","reason":"no longer needed"}'

    assert receipts.arguments_digest(arguments) == f"sha-256={hashlib.sha256(form).hexdigest()}"


def test_arguments_without_a_canonical_form_are_refused_with_their_path() -> None:
    with pytest.raises(NotCanonical) as refusal:
        receipts.arguments_digest({"order": {"id": 2**60}})

    assert refusal.value.path == "order.id"
    assert isinstance(refusal.value, ValueError)
