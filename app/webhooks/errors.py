"""Refusals of the webhooks module."""

from app.kit.errors import Conflict, Unprocessable


class TooManyWebhooks(Conflict):
    """The organisation has as many webhooks as it may have."""

    code = "too_many_webhooks"
    zh = "每个机构最多 {limit} 个推送地址,请先删除不用的"
    en = "An organisation has at most {limit} webhooks; delete one that is not needed"


class ReplayFromOnePlace(Unprocessable):
    """A replay begins at an offset or at a delivery."""

    code = "replay_from_one_place"
    zh = "须且仅须给出 offset 或 delivery_id 之一"
    en = "Give either offset or delivery_id"


class NothingToReplay(Conflict):
    """The delivery was a test, which has no place in the feed."""

    code = "nothing_to_replay"
    zh = "该次推送是测试消息,不在变更流中;请再次测试"
    en = "That delivery was a test and is not in the feed; test again instead"


class KeyChanged(Conflict):
    """The platform's key was replaced since the secret was handed out."""

    code = "webhook_key_changed"
    zh = "平台密钥已更换,原签名密钥失效:请先轮换密钥(rotate-secret)"
    en = "The platform's key was replaced and the secret with it: rotate the secret first"
