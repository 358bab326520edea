package domain

import "strings"

const pseudonym = "p-"

// Pseudonym is the id of a customer of whom nothing but an identifier is known,
// made from the identifier's blind index: an id is open to whoever sees the store,
// and a phone number is to be neither there nor in an address.
func Pseudonym(blind string) string { return pseudonym + blind }

// Unmask is the blind index in a pseudonym; false for any other id.
func Unmask(id string) (blind string, ok bool) { return strings.CutPrefix(id, pseudonym) }
