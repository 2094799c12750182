"""Kafka: a broker in KRaft mode with librdkafka, the Java client, and kafka-python as it was in 2019.

The broker and the Java client come from Maven Central (`mvn`, Java 17) into target/protocols/kafka/jars, once.
"""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING, Any

from conformance.recipes import HOST, PROTOCOLS, Recipe, Setting

if TYPE_CHECKING:
    import confluent_kafka  # type: ignore[import-not-found, unused-ignore]  # only in the recipe's environment

VERSION = "4.1.0"
JARS = PROTOCOLS.parent.parent / "target/protocols/kafka/jars"
TRACEPARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
PATIENCE = 20.0
_BROKER = ["java", "-Xmx512m", "-cp", f"{JARS}/*", "kafka.Kafka"]
RECIPE = Recipe(
    packages=["confluent-kafka==2.16.1", "kafka-python==1.4.7"],
    programs=[["java", "-version"], ["echo", "Apache Kafka", VERSION]],
)

_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>recipe</groupId><artifactId>recipe</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>{VERSION}</version></dependency>
</dependencies></project>
"""


def _properties(setting: Setting, listener: str, extra: str = "") -> str:
    """One node that is broker and controller; heartbeats between both are rare, so that recordings show clients."""
    return f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{HOST}:{setting.second_port}
listeners=CLIENTS://{HOST}:{setting.port},CONTROLLER://{HOST}:{setting.second_port}
advertised.listeners=CLIENTS://{HOST}:{setting.port}
listener.security.protocol.map=CLIENTS:{listener},CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENTS
log.dirs={setting.directory}/data
num.partitions=2
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=60000
broker.session.timeout.ms=180000
auto.create.topics.enable=false
{extra}"""


def _broker(setting: Setting, listener: str = "PLAINTEXT", extra: str = "") -> list[list[str]]:
    if not JARS.exists():
        JARS.parent.mkdir(parents=True, exist_ok=True)
        pom = JARS.parent / "pom.xml"
        pom.write_text(_POM)
        command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={JARS}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    properties = setting.directory / "server.properties"
    properties.write_text(_properties(setting, listener, extra))
    tool = [*_BROKER[:-1], "kafka.tools.StorageTool", "format", "-t", "cmVjb3JkaW5nc29ma2Fma2E", "-c", str(properties)]
    subprocess.run(tool, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return [[*_BROKER, str(properties)]]


def _guarded(setting: Setting) -> list[list[str]]:
    login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    users = 'username="broker" password="secret" user_broker="secret" user_alice="secret";'
    mechanisms = "sasl.enabled.mechanisms=PLAIN\nsasl.mechanism.inter.broker.protocol=PLAIN\n"
    return _broker(
        setting, "SASL_PLAINTEXT", f"{mechanisms}listener.name.clients.plain.sasl.jaas.config={login} {users}"
    )


def _at(setting: Setting) -> str:
    return f"{HOST}:{setting.port}"


def _topic(setting: Setting, *names: str, partitions: int = 1, **more: object) -> None:
    from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[import-not-found, unused-ignore]

    admin = AdminClient({"bootstrap.servers": _at(setting), "client.id": "admin", **more})
    end = time.monotonic() + PATIENCE
    while True:
        try:
            for future in admin.create_topics([NewTopic(name, partitions, 1) for name in names]).values():
                future.result()
        except Exception:  # The broker listens before it knows its controller.
            if time.monotonic() > end:
                raise
            time.sleep(0.5)
        else:
            return


def _producer(setting: Setting, **more: object) -> confluent_kafka.Producer:
    from confluent_kafka import Producer

    return Producer({"bootstrap.servers": _at(setting), "client.id": "producer", "linger.ms": 20, **more})


def _send(producer: confluent_kafka.Producer, topic: str, count: int, **more: Any) -> None:
    for number in range(count):
        producer.produce(topic, f"value {number}".encode(), partition=0, headers=[("traceparent", TRACEPARENT)], **more)
    if producer.flush(PATIENCE):
        raise TimeoutError("not delivered")


def _consume(setting: Setting, topics: list[str], count: int, **more: object) -> None:
    from confluent_kafka import Consumer

    options = {"bootstrap.servers": _at(setting), "client.id": "consumer", "group.id": "readers"}
    consumer = Consumer({**options, "auto.offset.reset": "earliest", **more})
    consumer.subscribe(topics)
    end = time.monotonic() + PATIENCE
    while count:
        message = consumer.poll(0.5)
        count -= message is not None and message.error() is None
        if time.monotonic() > end:
            raise TimeoutError("not consumed")
    consumer.commit(asynchronous=False)
    consumer.close()


@RECIPE.case("librdkafka-producer", _broker)
def librdkafka_producer(setting: Setting) -> None:
    """librdkafka: records with trace contexts, plain and in all four compressions; without acknowledgement; 200 kB."""
    _topic(setting, "orders")
    for compression in ("none", "gzip", "snappy", "lz4", "zstd"):
        _send(_producer(setting, **{"compression.type": compression, "batch.num.messages": 50}), "orders", 50)
    _send(_producer(setting, acks=0), "orders", 3)
    producer = _producer(setting)
    producer.produce("orders", b"x" * 200_000, partition=0)
    producer.flush(PATIENCE)


@RECIPE.case("librdkafka-consumer", _broker, both=True)
def librdkafka_consumer(setting: Setting) -> None:
    """librdkafka in a group of the classic protocol, three topics, commits. Both ends are traced."""
    _topic(setting, "orders", "payments", "returns")
    for topic in ("orders", "payments", "returns"):
        _send(_producer(setting), topic, 20)
    _consume(setting, ["orders", "payments", "returns"], 60)


@RECIPE.case("consumer-protocol", _broker)
def consumer_protocol(setting: Setting) -> None:
    """librdkafka in a group of the new protocol: heartbeats that assign topics by id."""
    _topic(setting, "orders", partitions=2)
    _send(_producer(setting), "orders", 5)
    _consume(setting, ["orders"], 5, **{"group.protocol": "consumer"})


@RECIPE.case("transactions", _broker)
def transactions(setting: Setting) -> None:
    """librdkafka: a transaction that is committed and one that is aborted."""
    _topic(setting, "orders")
    producer = _producer(setting, **{"transactional.id": "till-1"})
    producer.init_transactions(PATIENCE)
    producer.begin_transaction()
    _send(producer, "orders", 3)
    producer.commit_transaction(PATIENCE)
    producer.begin_transaction()
    _send(producer, "orders", 2)
    producer.abort_transaction(PATIENCE)


@RECIPE.case("errors", _broker)
def errors(setting: Setting) -> None:
    """A topic that is not there, a message that is too large, an offset that is out of range, a member nobody knows."""
    from confluent_kafka import Consumer, TopicPartition

    _topic(setting, "orders")
    producer = _producer(setting, **{"message.timeout.ms": 1500, "message.max.bytes": 3_000_000})
    producer.produce("absent", b"value")
    producer.flush(PATIENCE)
    producer.produce("orders", os.urandom(1024).hex().encode() * 600, partition=0)
    producer.flush(PATIENCE)
    options = {"bootstrap.servers": _at(setting), "client.id": "consumer", "group.id": "readers"}
    consumer = Consumer({**options, "auto.offset.reset": "error"})
    consumer.assign([TopicPartition("orders", 0, 1000)])
    consumer.poll(2)
    consumer.close()


@RECIPE.case("java", _broker)
def java(setting: Setting) -> None:
    """The Java client's console tools: newest versions, topics by id, snappy in frames, several partitions at once."""
    _topic(setting, "orders", "payments", partitions=2)
    at = ["--bootstrap-server", _at(setting), "--topic", "orders"]
    codec = ["--compression-codec", "snappy"]
    _tool("ConsoleProducer", *at, *codec, text="".join(f"line {number}\n" for number in range(40)))
    _tool("consumer.ConsoleConsumer", *at, "--from-beginning", "--max-messages", "40", "--group", "readers")
    _tool("consumer.group.ConsumerGroupCommand", *at[:2], "--describe", "--group", "readers")


def _tool(name: str, *words: str, text: str | None = None) -> None:
    command = ["java", "-Xmx128m", "-cp", f"{JARS}/*", f"org.apache.kafka.tools.{name}", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, input=text, text=True)


@RECIPE.case("kafka-python", _broker)
def kafka_python(setting: Setting) -> None:
    """kafka-python 1.4.7, told that the broker is a 1.0: old versions of everything that brokers still take."""
    from kafka import KafkaConsumer, KafkaProducer  # type: ignore[import-not-found, unused-ignore]

    _topic(setting, "orders")
    options = {"bootstrap_servers": _at(setting), "api_version": (1, 0, 0), "client_id": "python"}
    producer = KafkaProducer(**options)
    for number in range(5):
        producer.send("orders", f"value {number}".encode(), headers=[("traceparent", TRACEPARENT)]).get(PATIENCE)
    producer.close()
    reader = {"group_id": "readers", "auto_offset_reset": "earliest", "consumer_timeout_ms": 10_000}
    consumer = KafkaConsumer("orders", **options, **reader)
    for _, _message in zip(range(5), consumer, strict=False):
        pass
    consumer.commit()
    consumer.close()


@RECIPE.case("sasl", _guarded)
def sasl(setting: Setting) -> None:
    """PLAIN: with its own requests, in the old way without heads, and with a wrong password."""
    from kafka import KafkaProducer

    login = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": "alice"}
    _topic(setting, "orders", **login, **{"sasl.password": "secret"})
    _send(_producer(setting, **login, **{"sasl.password": "secret"}), "orders", 1)
    options: dict[str, Any] = {"bootstrap_servers": _at(setting), "client_id": "python", "api_version": (0, 10, 2)}
    options |= {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN", "sasl_plain_username": "alice"}
    producer = KafkaProducer(**options, sasl_plain_password="secret", retries=0)
    producer.send("orders", b"value")
    time.sleep(2)
    producer.close(timeout=0)
    wrong = _producer(setting, **login, **{"sasl.password": "wrong"}, **{"message.timeout.ms": 500})
    wrong.produce("orders", b"value")
    wrong.flush(1)


@RECIPE.case("large-batches", _broker, both=True)
def large_batches(setting: Setting) -> None:
    """More than is copied of one call, each way: 1,000 records of 1 kB. Both ends are traced."""
    _topic(setting, "orders", partitions=2)
    producer = _producer(setting, **{"linger.ms": 200, "batch.size": 400_000})
    for number in range(1000):
        producer.produce("orders", bytes([65 + number % 26]) * 1000, partition=number % 2)
    producer.flush(PATIENCE)
    _consume(setting, ["orders"], 1000)
