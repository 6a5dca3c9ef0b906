struct move { int hand; } move = { 1 };
