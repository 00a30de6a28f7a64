"""What was acknowledged outlives the end of the process, however sudden.

Everything is written before a call is answered: messages, objects and asynchronous events one by one, the
rest of moto's state one service and region at a time.
"""
