"""Sessions: every verb, bound to one actor and one reason, one module per noun."""
