// What package main calls in C.

void call(long mark);
void deep(long mark, int depth);
void call_back(int how);
void thread(int how);
