"""The platform: enterprises, members, cards and money; jobs over the air, STK dialogues, statements."""
