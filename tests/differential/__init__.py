"""Drives Supervisor 4.3.0 and Warden side by side and compares all that people and scripts can see."""
