"""Answers: functions of a posterior that an analyst takes away; each says what it conditions on."""
