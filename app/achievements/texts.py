"""Texts of mails."""

GRANT_SUBJECT = "成果详细资料授权 / Access to an achievement's details"
GRANT_MAIL = """{name}:

{owner} 已授权贵机构查阅成果 {id} 的详细资料,每次查阅均会记录。

{owner} lets your organisation read the details of achievement {id}. Every reading is logged.
"""
