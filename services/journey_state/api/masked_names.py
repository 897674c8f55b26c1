"""Names of fields, by what is masked of their values. Keys are compared by letters and digits."""

from __future__ import annotations

# Names, times and numbers of ours: no person can be in them, and links are made of them.
_PLAIN = """
customer_id from_customer_id to_customer_id merged_ids signal_id id next from to stage stages
previous current direction channel source type kind rule state result reason definition journey
zone query period filters counted clock currency condition labels counters consent definition_id
replaces replaced_by
"""
_WHOLE = """
traits user customer person contact recipient sender buyer payer visitor profile author guest
address shippingaddress billingaddress shipping billing delivery externalids
text message body comment comments note notes transcript subject answer question review reply
caption firstname lastname fullname middlename surname patronymic username login nickname
displayname birthday birthdate dateofbirth dob street postalcode zip zipcode postcode
passport iban bic card cardnumber password token secret
imie imię nazwisko adres ulica kodpocztowy pesel имя фамилия отчество адрес улица
"""
_IDS = """
userid anonymousid distinctid clientid deviceid sessionid visitorid customerid contactid
subscriberid accountid memberid leadid personid profileid groupid previousid chatid
conversationid waid advertisingid idfa idfv aaid gclid fbclid msclkid fbp fbc from to caller
callee userpseudoid ga
"""
_PHONES = "phone mobile msisdn tel telephone telefon телефон"
_ADDRESSES = "ip ipaddress clientip remoteaddr remoteip"
_PLACES = "latitude longitude lat lng lon"

PLAIN = frozenset(_PLAIN.split())
WHOLE = frozenset(_WHOLE.split())  # nothing is shown below these but keys, and true and false
IDS = frozenset(_IDS.split())
PHONES = frozenset(_PHONES.split())
ADDRESSES = frozenset(_ADDRESSES.split())
PLACES = frozenset(_PLACES.split())


def letters_of(key: str) -> str:
    """A key without its spelling: `first_name`, `firstName` and `First name` are one."""
    return "".join(letter for letter in key.lower() if letter.isalnum())


def is_phone(name: str) -> bool:
    """Whether a key, by its letters, is that of a phone number."""
    return name in PHONES or name.endswith(("phone", "phonenumber"))


def of_person(expression: str) -> bool:
    """Whether an expression of a definition looks at a person: `traits.plan`."""
    last = letters_of(expression.rpartition(".")[2])
    return expression.startswith(("traits", "identifiers")) or last in WHOLE
