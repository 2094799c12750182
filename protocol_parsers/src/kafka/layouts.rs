//! Every request of Kafka up to 4.2: names, versions, and how the bodies are laid out. Made by
//! `scripts/kafka_tables.py`; do not edit.
#![allow(clippy::enum_glob_use)] // A table: the names alone are what one reads.

use super::layout::Kind::*;
use super::layout::Meaning::*;
use super::layout::{always, between, since, Api, Field, NEVER, NOTHING, REST};

/// All of them; the key is the place.
pub(super) static APIS: &[Api] = &[
    Api::new(0, "Produce", 13, 9, PRODUCE_REQUEST, PRODUCE_RESPONSE),
    Api::new(1, "Fetch", 18, 12, FETCH_REQUEST, FETCH_RESPONSE),
    Api::new(2, "ListOffsets", 11, 6, LIST_OFFSETS_REQUEST, LIST_OFFSETS_RESPONSE),
    Api::new(3, "Metadata", 13, 9, METADATA_REQUEST, METADATA_RESPONSE),
    Api::new(4, "LeaderAndIsr", 7, 4, LEADER_AND_ISR_REQUEST, LEADER_AND_ISR_RESPONSE),
    Api::new(5, "StopReplica", 4, 2, STOP_REPLICA_REQUEST, STOP_REPLICA_RESPONSE),
    Api::new(
        6,
        "UpdateMetadata",
        8,
        6,
        UPDATE_METADATA_REQUEST,
        UPDATE_METADATA_RESPONSE,
    ),
    Api::new(7, "ControlledShutdown", 3, 3, NOTHING, CONTROLLED_SHUTDOWN_RESPONSE),
    Api::new(8, "OffsetCommit", 10, 8, OFFSET_COMMIT_REQUEST, OFFSET_COMMIT_RESPONSE),
    Api::new(9, "OffsetFetch", 10, 6, OFFSET_FETCH_REQUEST, OFFSET_FETCH_RESPONSE),
    Api::new(
        10,
        "FindCoordinator",
        6,
        3,
        FIND_COORDINATOR_REQUEST,
        FIND_COORDINATOR_RESPONSE,
    ),
    Api::new(11, "JoinGroup", 9, 6, JOIN_GROUP_REQUEST, JOIN_GROUP_RESPONSE),
    Api::new(12, "Heartbeat", 4, 4, HEARTBEAT_REQUEST, HEARTBEAT_RESPONSE),
    Api::new(13, "LeaveGroup", 5, 4, LEAVE_GROUP_REQUEST, LEAVE_GROUP_RESPONSE),
    Api::new(14, "SyncGroup", 5, 4, SYNC_GROUP_REQUEST, SYNC_GROUP_RESPONSE),
    Api::new(
        15,
        "DescribeGroups",
        6,
        5,
        DESCRIBE_GROUPS_REQUEST,
        DESCRIBE_GROUPS_RESPONSE,
    ),
    Api::new(16, "ListGroups", 5, 3, NOTHING, LIST_GROUPS_RESPONSE),
    Api::new(
        17,
        "SaslHandshake",
        1,
        NEVER,
        SASL_HANDSHAKE_REQUEST,
        SASL_HANDSHAKE_RESPONSE,
    ),
    Api::new(18, "ApiVersions", 4, 3, API_VERSIONS_REQUEST, API_VERSIONS_RESPONSE),
    Api::new(19, "CreateTopics", 7, 5, CREATE_TOPICS_REQUEST, CREATE_TOPICS_RESPONSE),
    Api::new(20, "DeleteTopics", 6, 4, DELETE_TOPICS_REQUEST, DELETE_TOPICS_RESPONSE),
    Api::new(
        21,
        "DeleteRecords",
        2,
        2,
        DELETE_RECORDS_REQUEST,
        DELETE_RECORDS_RESPONSE,
    ),
    Api::new(
        22,
        "InitProducerId",
        6,
        2,
        INIT_PRODUCER_ID_REQUEST,
        INIT_PRODUCER_ID_RESPONSE,
    ),
    Api::new(
        23,
        "OffsetForLeaderEpoch",
        4,
        4,
        OFFSET_FOR_LEADER_EPOCH_REQUEST,
        OFFSET_FOR_LEADER_EPOCH_RESPONSE,
    ),
    Api::new(
        24,
        "AddPartitionsToTxn",
        5,
        3,
        ADD_PARTITIONS_TO_TXN_REQUEST,
        ADD_PARTITIONS_TO_TXN_RESPONSE,
    ),
    Api::new(
        25,
        "AddOffsetsToTxn",
        4,
        3,
        ADD_OFFSETS_TO_TXN_REQUEST,
        ADD_OFFSETS_TO_TXN_RESPONSE,
    ),
    Api::new(26, "EndTxn", 5, 3, END_TXN_REQUEST, END_TXN_RESPONSE),
    Api::new(
        27,
        "WriteTxnMarkers",
        2,
        1,
        WRITE_TXN_MARKERS_REQUEST,
        WRITE_TXN_MARKERS_RESPONSE,
    ),
    Api::new(
        28,
        "TxnOffsetCommit",
        5,
        3,
        TXN_OFFSET_COMMIT_REQUEST,
        TXN_OFFSET_COMMIT_RESPONSE,
    ),
    Api::new(29, "DescribeAcls", 3, 2, NOTHING, DESCRIBE_ACLS_RESPONSE),
    Api::new(30, "CreateAcls", 3, 2, NOTHING, CREATE_ACLS_RESPONSE),
    Api::new(31, "DeleteAcls", 3, 2, NOTHING, DELETE_ACLS_RESPONSE),
    Api::new(32, "DescribeConfigs", 4, 4, NOTHING, DESCRIBE_CONFIGS_RESPONSE),
    Api::new(33, "AlterConfigs", 2, 2, NOTHING, ALTER_CONFIGS_RESPONSE),
    Api::new(
        34,
        "AlterReplicaLogDirs",
        2,
        2,
        ALTER_REPLICA_LOG_DIRS_REQUEST,
        ALTER_REPLICA_LOG_DIRS_RESPONSE,
    ),
    Api::new(
        35,
        "DescribeLogDirs",
        4,
        2,
        DESCRIBE_LOG_DIRS_REQUEST,
        DESCRIBE_LOG_DIRS_RESPONSE,
    ),
    Api::new(
        36,
        "SaslAuthenticate",
        2,
        2,
        SASL_AUTHENTICATE_REQUEST,
        SASL_AUTHENTICATE_RESPONSE,
    ),
    Api::new(
        37,
        "CreatePartitions",
        3,
        2,
        CREATE_PARTITIONS_REQUEST,
        CREATE_PARTITIONS_RESPONSE,
    ),
    Api::new(
        38,
        "CreateDelegationToken",
        3,
        2,
        NOTHING,
        CREATE_DELEGATION_TOKEN_RESPONSE,
    ),
    Api::new(
        39,
        "RenewDelegationToken",
        2,
        2,
        NOTHING,
        RENEW_DELEGATION_TOKEN_RESPONSE,
    ),
    Api::new(
        40,
        "ExpireDelegationToken",
        2,
        2,
        NOTHING,
        EXPIRE_DELEGATION_TOKEN_RESPONSE,
    ),
    Api::new(
        41,
        "DescribeDelegationToken",
        3,
        2,
        NOTHING,
        DESCRIBE_DELEGATION_TOKEN_RESPONSE,
    ),
    Api::new(42, "DeleteGroups", 2, 2, DELETE_GROUPS_REQUEST, DELETE_GROUPS_RESPONSE),
    Api::new(43, "ElectLeaders", 2, 2, ELECT_LEADERS_REQUEST, ELECT_LEADERS_RESPONSE),
    Api::new(
        44,
        "IncrementalAlterConfigs",
        1,
        1,
        NOTHING,
        INCREMENTAL_ALTER_CONFIGS_RESPONSE,
    ),
    Api::new(
        45,
        "AlterPartitionReassignments",
        1,
        0,
        ALTER_PARTITION_REASSIGNMENTS_REQUEST,
        ALTER_PARTITION_REASSIGNMENTS_RESPONSE,
    ),
    Api::new(
        46,
        "ListPartitionReassignments",
        0,
        0,
        LIST_PARTITION_REASSIGNMENTS_REQUEST,
        LIST_PARTITION_REASSIGNMENTS_RESPONSE,
    ),
    Api::new(
        47,
        "OffsetDelete",
        0,
        NEVER,
        OFFSET_DELETE_REQUEST,
        OFFSET_DELETE_RESPONSE,
    ),
    Api::new(
        48,
        "DescribeClientQuotas",
        1,
        1,
        NOTHING,
        DESCRIBE_CLIENT_QUOTAS_RESPONSE,
    ),
    Api::new(49, "AlterClientQuotas", 1, 1, NOTHING, ALTER_CLIENT_QUOTAS_RESPONSE),
    Api::new(
        50,
        "DescribeUserScramCredentials",
        0,
        0,
        NOTHING,
        DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE,
    ),
    Api::new(
        51,
        "AlterUserScramCredentials",
        0,
        0,
        NOTHING,
        ALTER_USER_SCRAM_CREDENTIALS_RESPONSE,
    ),
    Api::new(52, "Vote", 2, 0, VOTE_REQUEST, VOTE_RESPONSE),
    Api::new(
        53,
        "BeginQuorumEpoch",
        1,
        1,
        BEGIN_QUORUM_EPOCH_REQUEST,
        BEGIN_QUORUM_EPOCH_RESPONSE,
    ),
    Api::new(
        54,
        "EndQuorumEpoch",
        1,
        1,
        END_QUORUM_EPOCH_REQUEST,
        END_QUORUM_EPOCH_RESPONSE,
    ),
    Api::new(
        55,
        "DescribeQuorum",
        2,
        0,
        DESCRIBE_QUORUM_REQUEST,
        DESCRIBE_QUORUM_RESPONSE,
    ),
    Api::new(
        56,
        "AlterPartition",
        3,
        0,
        ALTER_PARTITION_REQUEST,
        ALTER_PARTITION_RESPONSE,
    ),
    Api::new(57, "UpdateFeatures", 2, 0, NOTHING, UPDATE_FEATURES_RESPONSE),
    Api::new(58, "Envelope", 0, 0, NOTHING, ENVELOPE_RESPONSE),
    Api::new(
        59,
        "FetchSnapshot",
        1,
        0,
        FETCH_SNAPSHOT_REQUEST,
        FETCH_SNAPSHOT_RESPONSE,
    ),
    Api::new(60, "DescribeCluster", 2, 0, NOTHING, DESCRIBE_CLUSTER_RESPONSE),
    Api::new(
        61,
        "DescribeProducers",
        0,
        0,
        DESCRIBE_PRODUCERS_REQUEST,
        DESCRIBE_PRODUCERS_RESPONSE,
    ),
    Api::new(62, "BrokerRegistration", 4, 0, NOTHING, BROKER_REGISTRATION_RESPONSE),
    Api::new(63, "BrokerHeartbeat", 1, 0, NOTHING, BROKER_HEARTBEAT_RESPONSE),
    Api::new(64, "UnregisterBroker", 0, 0, NOTHING, UNREGISTER_BROKER_RESPONSE),
    Api::new(
        65,
        "DescribeTransactions",
        0,
        0,
        DESCRIBE_TRANSACTIONS_REQUEST,
        DESCRIBE_TRANSACTIONS_RESPONSE,
    ),
    Api::new(66, "ListTransactions", 2, 0, NOTHING, LIST_TRANSACTIONS_RESPONSE),
    Api::new(67, "AllocateProducerIds", 0, 0, NOTHING, ALLOCATE_PRODUCER_IDS_RESPONSE),
    Api::new(
        68,
        "ConsumerGroupHeartbeat",
        1,
        0,
        CONSUMER_GROUP_HEARTBEAT_REQUEST,
        CONSUMER_GROUP_HEARTBEAT_RESPONSE,
    ),
    Api::new(
        69,
        "ConsumerGroupDescribe",
        1,
        0,
        CONSUMER_GROUP_DESCRIBE_REQUEST,
        CONSUMER_GROUP_DESCRIBE_RESPONSE,
    ),
    Api::new(
        70,
        "ControllerRegistration",
        0,
        0,
        NOTHING,
        CONTROLLER_REGISTRATION_RESPONSE,
    ),
    Api::new(
        71,
        "GetTelemetrySubscriptions",
        0,
        0,
        NOTHING,
        GET_TELEMETRY_SUBSCRIPTIONS_RESPONSE,
    ),
    Api::new(72, "PushTelemetry", 0, 0, NOTHING, PUSH_TELEMETRY_RESPONSE),
    Api::new(
        73,
        "AssignReplicasToDirs",
        0,
        0,
        ASSIGN_REPLICAS_TO_DIRS_REQUEST,
        ASSIGN_REPLICAS_TO_DIRS_RESPONSE,
    ),
    Api::new(74, "ListConfigResources", 1, 0, NOTHING, LIST_CONFIG_RESOURCES_RESPONSE),
    Api::new(
        75,
        "DescribeTopicPartitions",
        0,
        0,
        DESCRIBE_TOPIC_PARTITIONS_REQUEST,
        DESCRIBE_TOPIC_PARTITIONS_RESPONSE,
    ),
    Api::new(
        76,
        "ShareGroupHeartbeat",
        1,
        0,
        SHARE_GROUP_HEARTBEAT_REQUEST,
        SHARE_GROUP_HEARTBEAT_RESPONSE,
    ),
    Api::new(
        77,
        "ShareGroupDescribe",
        1,
        0,
        SHARE_GROUP_DESCRIBE_REQUEST,
        SHARE_GROUP_DESCRIBE_RESPONSE,
    ),
    Api::new(78, "ShareFetch", 2, 0, SHARE_FETCH_REQUEST, SHARE_FETCH_RESPONSE),
    Api::new(
        79,
        "ShareAcknowledge",
        2,
        0,
        SHARE_ACKNOWLEDGE_REQUEST,
        SHARE_ACKNOWLEDGE_RESPONSE,
    ),
    Api::new(80, "AddRaftVoter", 1, 0, NOTHING, ADD_RAFT_VOTER_RESPONSE),
    Api::new(81, "RemoveRaftVoter", 0, 0, NOTHING, REMOVE_RAFT_VOTER_RESPONSE),
    Api::new(82, "UpdateRaftVoter", 0, 0, NOTHING, UPDATE_RAFT_VOTER_RESPONSE),
    Api::new(
        83,
        "InitializeShareGroupState",
        0,
        0,
        INITIALIZE_SHARE_GROUP_STATE_REQUEST,
        INITIALIZE_SHARE_GROUP_STATE_RESPONSE,
    ),
    Api::new(
        84,
        "ReadShareGroupState",
        0,
        0,
        READ_SHARE_GROUP_STATE_REQUEST,
        READ_SHARE_GROUP_STATE_RESPONSE,
    ),
    Api::new(
        85,
        "WriteShareGroupState",
        1,
        0,
        WRITE_SHARE_GROUP_STATE_REQUEST,
        WRITE_SHARE_GROUP_STATE_RESPONSE,
    ),
    Api::new(
        86,
        "DeleteShareGroupState",
        0,
        0,
        DELETE_SHARE_GROUP_STATE_REQUEST,
        DELETE_SHARE_GROUP_STATE_RESPONSE,
    ),
    Api::new(
        87,
        "ReadShareGroupStateSummary",
        1,
        0,
        READ_SHARE_GROUP_STATE_SUMMARY_REQUEST,
        READ_SHARE_GROUP_STATE_SUMMARY_RESPONSE,
    ),
    Api::new(
        88,
        "StreamsGroupHeartbeat",
        0,
        0,
        STREAMS_GROUP_HEARTBEAT_REQUEST,
        STREAMS_GROUP_HEARTBEAT_RESPONSE,
    ),
    Api::new(
        89,
        "StreamsGroupDescribe",
        0,
        0,
        STREAMS_GROUP_DESCRIBE_REQUEST,
        STREAMS_GROUP_DESCRIBE_RESPONSE,
    ),
    Api::new(
        90,
        "DescribeShareGroupOffsets",
        1,
        0,
        DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST,
        DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE,
    ),
    Api::new(
        91,
        "AlterShareGroupOffsets",
        0,
        0,
        ALTER_SHARE_GROUP_OFFSETS_REQUEST,
        ALTER_SHARE_GROUP_OFFSETS_RESPONSE,
    ),
    Api::new(
        92,
        "DeleteShareGroupOffsets",
        0,
        0,
        DELETE_SHARE_GROUP_OFFSETS_REQUEST,
        DELETE_SHARE_GROUP_OFFSETS_RESPONSE,
    ),
];

static PRODUCE_REQUEST: &[Field] = &[
    since(3, String, Transaction),
    always(I16, Acks),
    always(Fixed(4), Nothing),
    always(
        Array(&[
            between(0, 12, String, Topic),
            since(13, Uuid, TopicId),
            always(Array(&[always(I32, Partition), always(Batches, Records)]), Nothing),
        ]),
        Topics,
    ),
];

static PRODUCE_RESPONSE: &[Field] = &[
    always(
        Array(&[
            between(0, 12, String, Topic),
            since(13, Uuid, TopicId),
            always(
                Array(&[
                    always(I32, Partition),
                    always(I16, Error),
                    always(I64, Offset),
                    since(2, Fixed(8), Nothing),
                    since(5, Fixed(8), Nothing),
                    since(8, Array(&[always(Fixed(4), Nothing), always(String, Nothing)]), Nothing),
                    since(8, String, Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    since(1, I32, Throttle),
];

static FETCH_REQUEST: &[Field] = &[
    between(0, 14, Fixed(4), Nothing),
    always(Fixed(8), Nothing),
    since(3, Fixed(4), Nothing),
    since(4, Fixed(1), Nothing),
    since(7, Fixed(4), Nothing),
    since(7, I32, SessionEpoch),
    always(
        Array(&[
            between(0, 12, String, Topic),
            since(13, Uuid, TopicId),
            always(
                Array(&[
                    always(I32, Partition),
                    since(9, Fixed(4), Nothing),
                    always(I64, Offset),
                    since(12, Fixed(4), Nothing),
                    since(5, Fixed(8), Nothing),
                    always(Fixed(4), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    since(
        7,
        Array(&[
            between(0, 12, String, ForgottenTopic),
            since(13, Uuid, ForgottenTopic),
            always(List(&I32), ForgottenPartition),
        ]),
        Nothing,
    ),
    since(11, String, Nothing),
];

static FETCH_RESPONSE: &[Field] = &[
    since(1, I32, Throttle),
    since(7, I16, Error),
    since(7, Fixed(4), Nothing),
    always(
        Array(&[
            between(0, 12, String, Topic),
            since(13, Uuid, TopicId),
            always(
                Array(&[
                    always(I32, Partition),
                    always(I16, Error),
                    always(Fixed(8), Nothing),
                    since(4, Fixed(8), Nothing),
                    since(5, Fixed(8), Nothing),
                    since(4, Array(&[always(Fixed(16), Nothing)]), Nothing),
                    since(11, Fixed(4), Nothing),
                    always(Batches, Records),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
];

static LIST_OFFSETS_REQUEST: &[Field] = &[
    always(Fixed(4), Nothing),
    since(2, Fixed(1), Nothing),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[
                    always(I32, Partition),
                    since(4, Fixed(4), Nothing),
                    always(Fixed(8), Nothing),
                    between(0, 0, Fixed(4), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    since(10, Fixed(4), Nothing),
];

static LIST_OFFSETS_RESPONSE: &[Field] = &[
    since(2, I32, Throttle),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[
                    always(I32, Partition),
                    always(I16, Error),
                    between(0, 0, List(&Fixed(8)), Nothing),
                    since(1, Fixed(8), Nothing),
                    since(1, I64, Offset),
                    since(4, Fixed(4), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
];

static METADATA_REQUEST: &[Field] = &[
    always(Array(&[since(10, Uuid, TopicId), always(String, Topic)]), Topics),
    since(4, Fixed(1), Nothing),
    between(8, 10, Fixed(1), Nothing),
    since(8, Fixed(1), Nothing),
];

static METADATA_RESPONSE: &[Field] = &[
    since(3, I32, Throttle),
    always(
        Array(&[
            always(Fixed(4), Nothing),
            always(String, Nothing),
            always(Fixed(4), Nothing),
            since(1, String, Nothing),
        ]),
        Nothing,
    ),
    since(2, String, Nothing),
    since(1, Fixed(4), Nothing),
    always(
        Array(&[
            always(I16, Error),
            always(String, ListedTopic),
            since(10, Uuid, ListedTopicId),
            since(1, Fixed(1), Nothing),
            always(
                Array(&[
                    always(I16, Error),
                    always(Fixed(8), Nothing),
                    since(7, Fixed(4), Nothing),
                    always(List(&Fixed(4)), Nothing),
                    always(List(&Fixed(4)), Nothing),
                    since(5, List(&Fixed(4)), Nothing),
                ]),
                Nothing,
            ),
            since(8, Fixed(4), Nothing),
        ]),
        ListedTopics,
    ),
    between(8, 10, Fixed(4), Nothing),
    since(13, I16, Error),
];

static LEADER_AND_ISR_REQUEST: &[Field] = &[
    always(Fixed(4), Nothing),
    since(7, Fixed(1), Nothing),
    always(Fixed(4), Nothing),
    since(2, Fixed(8), Nothing),
    since(5, Fixed(1), Nothing),
    between(
        0,
        1,
        Array(&[
            always(String, Topic),
            always(I32, Partition),
            always(Fixed(12), Nothing),
            always(List(&Fixed(4)), Nothing),
            always(Fixed(4), Nothing),
            always(List(&Fixed(4)), Nothing),
            since(1, Fixed(1), Nothing),
        ]),
        Topics,
    ),
    since(
        2,
        Array(&[
            always(String, Topic),
            since(5, Uuid, TopicId),
            always(
                Array(&[
                    always(I32, Partition),
                    always(Fixed(12), Nothing),
                    always(List(&Fixed(4)), Nothing),
                    always(Fixed(4), Nothing),
                    always(List(&Fixed(4)), Nothing),
                    since(3, List(&Fixed(4)), Nothing),
                    since(3, List(&Fixed(4)), Nothing),
                    always(Fixed(1), Nothing),
                    since(6, Fixed(1), Nothing),
                ]),
                Topics,
            ),
        ]),
        Topics,
    ),
    REST,
];

static LEADER_AND_ISR_RESPONSE: &[Field] = &[
    always(I16, Error),
    between(
        0,
        4,
        Array(&[always(String, Topic), always(I32, Partition), always(I16, Error)]),
        Topics,
    ),
    since(
        5,
        Array(&[
            always(Uuid, TopicId),
            always(Array(&[always(I32, Partition), always(I16, Error)]), Topics),
        ]),
        Topics,
    ),
    REST,
];

static STOP_REPLICA_REQUEST: &[Field] = &[
    always(Fixed(4), Nothing),
    since(4, Fixed(1), Nothing),
    always(Fixed(4), Nothing),
    since(1, Fixed(8), Nothing),
    between(0, 2, Fixed(1), Nothing),
    between(0, 0, Array(&[always(String, Topic), always(I32, Partition)]), Topics),
    between(
        1,
        2,
        Array(&[always(String, Topic), always(List(&I32), Partition)]),
        Topics,
    ),
    since(
        3,
        Array(&[
            always(String, Topic),
            always(Array(&[always(I32, Partition), always(Fixed(5), Nothing)]), Nothing),
        ]),
        Topics,
    ),
    REST,
];

static STOP_REPLICA_RESPONSE: &[Field] = &[
    always(I16, Error),
    always(
        Array(&[always(String, Topic), always(I32, Partition), always(I16, Error)]),
        Topics,
    ),
    REST,
];

static UPDATE_METADATA_REQUEST: &[Field] = &[
    always(Fixed(4), Nothing),
    since(8, Fixed(1), Nothing),
    always(Fixed(4), Nothing),
    since(5, Fixed(8), Nothing),
    between(
        0,
        4,
        Array(&[
            always(String, Topic),
            always(I32, Partition),
            always(Fixed(12), Nothing),
            always(List(&Fixed(4)), Nothing),
            always(Fixed(4), Nothing),
            always(List(&Fixed(4)), Nothing),
            since(4, List(&Fixed(4)), Nothing),
        ]),
        Topics,
    ),
    since(
        5,
        Array(&[
            always(String, Topic),
            since(7, Uuid, TopicId),
            always(
                Array(&[
                    always(I32, Partition),
                    always(Fixed(12), Nothing),
                    always(List(&Fixed(4)), Nothing),
                    always(Fixed(4), Nothing),
                    always(List(&Fixed(4)), Nothing),
                    always(List(&Fixed(4)), Nothing),
                ]),
                Topics,
            ),
        ]),
        Topics,
    ),
    REST,
];

static UPDATE_METADATA_RESPONSE: &[Field] = &[always(I16, Error), REST];

static CONTROLLED_SHUTDOWN_RESPONSE: &[Field] = &[
    always(I16, Error),
    always(Array(&[always(String, Topic), always(I32, Partition)]), Topics),
    REST,
];

static OFFSET_COMMIT_REQUEST: &[Field] = &[
    always(String, Group),
    since(1, Fixed(4), Nothing),
    since(1, String, Nothing),
    since(7, String, Nothing),
    between(2, 4, Fixed(8), Nothing),
    always(
        Array(&[
            between(0, 9, String, Topic),
            since(10, Uuid, TopicId),
            always(
                Array(&[
                    always(I32, Partition),
                    always(I64, Offset),
                    since(6, Fixed(4), Nothing),
                    between(1, 1, Fixed(8), Nothing),
                    always(String, Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
];

static OFFSET_COMMIT_RESPONSE: &[Field] = &[
    since(3, I32, Throttle),
    always(
        Array(&[
            between(0, 9, String, Topic),
            since(10, Uuid, TopicId),
            always(Array(&[always(I32, Partition), always(I16, Error)]), Nothing),
        ]),
        Topics,
    ),
];

static OFFSET_FETCH_REQUEST: &[Field] = &[
    between(0, 7, String, Group),
    between(
        0,
        7,
        Array(&[always(String, Topic), always(List(&I32), Partition)]),
        Topics,
    ),
    since(
        8,
        Array(&[
            always(String, Group),
            since(9, String, Nothing),
            since(9, Fixed(4), Nothing),
            always(
                Array(&[
                    between(0, 9, String, Topic),
                    since(10, Uuid, TopicId),
                    always(List(&I32), Partition),
                ]),
                Topics,
            ),
        ]),
        Nothing,
    ),
    since(7, Fixed(1), Nothing),
];

static OFFSET_FETCH_RESPONSE: &[Field] = &[
    since(3, I32, Throttle),
    between(
        0,
        7,
        Array(&[
            always(String, Topic),
            always(
                Array(&[
                    always(I32, Partition),
                    always(I64, Offset),
                    since(5, Fixed(4), Nothing),
                    always(String, Nothing),
                    always(I16, Error),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    between(2, 7, I16, Error),
    since(
        8,
        Array(&[
            always(String, Group),
            always(
                Array(&[
                    between(0, 9, String, Topic),
                    since(10, Uuid, TopicId),
                    always(
                        Array(&[
                            always(I32, Partition),
                            always(I64, Offset),
                            always(Fixed(4), Nothing),
                            always(String, Nothing),
                            always(I16, Error),
                        ]),
                        Nothing,
                    ),
                ]),
                Topics,
            ),
            always(I16, Error),
        ]),
        Nothing,
    ),
];

static FIND_COORDINATOR_REQUEST: &[Field] = &[
    between(0, 3, String, Key),
    since(1, I8, KeyType),
    since(4, List(&String), Key),
];

static FIND_COORDINATOR_RESPONSE: &[Field] = &[
    since(1, I32, Throttle),
    between(0, 3, I16, Error),
    between(1, 3, String, Nothing),
    between(0, 3, Fixed(4), Nothing),
    between(0, 3, String, Nothing),
    between(0, 3, Fixed(4), Nothing),
    since(
        4,
        Array(&[
            always(String, Nothing),
            always(Fixed(4), Nothing),
            always(String, Nothing),
            always(Fixed(4), Nothing),
            always(I16, Error),
            always(String, Nothing),
        ]),
        Nothing,
    ),
];

static JOIN_GROUP_REQUEST: &[Field] = &[
    always(String, Group),
    always(Fixed(4), Nothing),
    since(1, Fixed(4), Nothing),
    always(String, Nothing),
    since(5, String, Nothing),
    always(String, Nothing),
    always(Array(&[always(String, Nothing), always(Bytes, Nothing)]), Nothing),
    since(8, String, Nothing),
];

static JOIN_GROUP_RESPONSE: &[Field] = &[
    since(2, I32, Throttle),
    always(I16, Error),
    always(Fixed(4), Nothing),
    since(7, String, Nothing),
    always(String, Nothing),
    always(String, Nothing),
    since(9, Fixed(1), Nothing),
    always(String, Nothing),
    always(
        Array(&[
            always(String, Nothing),
            since(5, String, Nothing),
            always(Bytes, Nothing),
        ]),
        Nothing,
    ),
];

static HEARTBEAT_REQUEST: &[Field] = &[
    always(String, Group),
    always(Fixed(4), Nothing),
    always(String, Nothing),
    since(3, String, Nothing),
];

static HEARTBEAT_RESPONSE: &[Field] = &[since(1, I32, Throttle), always(I16, Error)];

static LEAVE_GROUP_REQUEST: &[Field] = &[
    always(String, Group),
    between(0, 2, String, Nothing),
    since(
        3,
        Array(&[
            always(String, Nothing),
            always(String, Nothing),
            since(5, String, Nothing),
        ]),
        Nothing,
    ),
];

static LEAVE_GROUP_RESPONSE: &[Field] = &[
    since(1, I32, Throttle),
    always(I16, Error),
    since(
        3,
        Array(&[always(String, Nothing), always(String, Nothing), always(I16, Error)]),
        Nothing,
    ),
];

static SYNC_GROUP_REQUEST: &[Field] = &[
    always(String, Group),
    always(Fixed(4), Nothing),
    always(String, Nothing),
    since(3, String, Nothing),
    since(5, String, Nothing),
    since(5, String, Nothing),
    always(Array(&[always(String, Nothing), always(Bytes, Nothing)]), Nothing),
];

static SYNC_GROUP_RESPONSE: &[Field] = &[
    since(1, I32, Throttle),
    always(I16, Error),
    since(5, String, Nothing),
    since(5, String, Nothing),
    always(Bytes, Nothing),
];

static DESCRIBE_GROUPS_REQUEST: &[Field] = &[always(List(&String), Group), REST];

static DESCRIBE_GROUPS_RESPONSE: &[Field] = &[
    since(1, I32, Throttle),
    always(
        Array(&[
            always(I16, Error),
            since(6, String, Nothing),
            always(String, Group),
            always(String, Nothing),
            always(String, Nothing),
            always(String, Nothing),
            always(
                Array(&[
                    always(String, Nothing),
                    since(4, String, Nothing),
                    always(String, Nothing),
                    always(String, Nothing),
                    always(Bytes, Nothing),
                    always(Bytes, Nothing),
                ]),
                Nothing,
            ),
            since(3, Fixed(4), Nothing),
        ]),
        Nothing,
    ),
    REST,
];

static LIST_GROUPS_RESPONSE: &[Field] = &[
    since(1, I32, Throttle),
    always(I16, Error),
    always(
        Array(&[
            always(String, Group),
            always(String, Nothing),
            since(4, String, Nothing),
            since(5, String, Nothing),
        ]),
        Nothing,
    ),
    REST,
];

static SASL_HANDSHAKE_REQUEST: &[Field] = &[always(String, Nothing)];

static SASL_HANDSHAKE_RESPONSE: &[Field] = &[always(I16, Error), always(List(&String), Nothing)];

static API_VERSIONS_REQUEST: &[Field] = &[since(3, String, Nothing), since(3, String, Nothing)];

static API_VERSIONS_RESPONSE: &[Field] = &[
    always(I16, Error),
    always(Array(&[always(Fixed(6), Nothing)]), Nothing),
    since(1, I32, Throttle),
];

static CREATE_TOPICS_REQUEST: &[Field] = &[
    always(
        Array(&[
            always(String, Topic),
            always(Fixed(6), Nothing),
            always(
                Array(&[always(I32, Partition), always(List(&Fixed(4)), Nothing)]),
                Nothing,
            ),
            always(Array(&[always(String, Nothing), always(String, Nothing)]), Nothing),
        ]),
        Topics,
    ),
    REST,
];

static CREATE_TOPICS_RESPONSE: &[Field] = &[
    since(2, I32, Throttle),
    always(
        Array(&[
            always(String, Topic),
            since(7, Uuid, TopicId),
            always(I16, Error),
            since(1, String, Nothing),
            since(5, Fixed(6), Nothing),
            since(
                5,
                Array(&[
                    always(String, Nothing),
                    always(String, Nothing),
                    always(Fixed(3), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static DELETE_TOPICS_REQUEST: &[Field] = &[
    since(6, Array(&[always(String, Topic), always(Uuid, TopicId)]), Topics),
    between(0, 5, List(&String), Topic),
    REST,
];

static DELETE_TOPICS_RESPONSE: &[Field] = &[
    since(1, I32, Throttle),
    always(
        Array(&[
            always(String, Topic),
            since(6, Uuid, TopicId),
            always(I16, Error),
            since(5, String, Nothing),
        ]),
        Topics,
    ),
    REST,
];

static DELETE_RECORDS_REQUEST: &[Field] = &[
    always(
        Array(&[
            always(String, Topic),
            always(Array(&[always(I32, Partition), always(I64, Offset)]), Nothing),
        ]),
        Topics,
    ),
    REST,
];

static DELETE_RECORDS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[always(I32, Partition), always(Fixed(8), Nothing), always(I16, Error)]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static INIT_PRODUCER_ID_REQUEST: &[Field] = &[
    always(String, Transaction),
    always(Fixed(4), Nothing),
    since(3, Fixed(10), Nothing),
    since(6, Fixed(2), Nothing),
];

static INIT_PRODUCER_ID_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(I16, Error),
    always(Fixed(10), Nothing),
    since(6, Fixed(10), Nothing),
];

static OFFSET_FOR_LEADER_EPOCH_REQUEST: &[Field] = &[
    since(3, Fixed(4), Nothing),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[
                    always(I32, Partition),
                    since(2, Fixed(4), Nothing),
                    always(Fixed(4), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static OFFSET_FOR_LEADER_EPOCH_RESPONSE: &[Field] = &[
    since(2, I32, Throttle),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[
                    always(I16, Error),
                    always(I32, Partition),
                    since(1, Fixed(4), Nothing),
                    always(Fixed(8), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static ADD_PARTITIONS_TO_TXN_REQUEST: &[Field] = &[
    since(
        4,
        Array(&[
            always(String, Transaction),
            always(Fixed(11), Nothing),
            always(Array(&[always(String, Topic), always(List(&I32), Partition)]), Topics),
        ]),
        Nothing,
    ),
    between(0, 3, String, Transaction),
    between(0, 3, Fixed(10), Nothing),
    between(
        0,
        3,
        Array(&[always(String, Topic), always(List(&I32), Partition)]),
        Topics,
    ),
];

static ADD_PARTITIONS_TO_TXN_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    since(4, I16, Error),
    since(
        4,
        Array(&[
            always(String, Nothing),
            always(
                Array(&[
                    always(String, Topic),
                    always(Array(&[always(I32, Partition), always(I16, Error)]), Nothing),
                ]),
                Topics,
            ),
        ]),
        Nothing,
    ),
    between(
        0,
        3,
        Array(&[
            always(String, Topic),
            always(Array(&[always(I32, Partition), always(I16, Error)]), Nothing),
        ]),
        Topics,
    ),
];

static ADD_OFFSETS_TO_TXN_REQUEST: &[Field] = &[
    always(String, Transaction),
    always(Fixed(10), Nothing),
    always(String, Group),
];

static ADD_OFFSETS_TO_TXN_RESPONSE: &[Field] = &[always(I32, Throttle), always(I16, Error)];

static END_TXN_REQUEST: &[Field] = &[
    always(String, Transaction),
    always(Fixed(10), Nothing),
    always(I8, Committed),
];

static END_TXN_RESPONSE: &[Field] = &[always(I32, Throttle), always(I16, Error), since(5, Fixed(10), Nothing)];

static WRITE_TXN_MARKERS_REQUEST: &[Field] = &[
    always(
        Array(&[
            always(Fixed(11), Nothing),
            always(Array(&[always(String, Topic), always(List(&I32), Partition)]), Topics),
            always(Fixed(4), Nothing),
            since(2, Fixed(1), Nothing),
        ]),
        Nothing,
    ),
    REST,
];

static WRITE_TXN_MARKERS_RESPONSE: &[Field] = &[
    always(
        Array(&[
            always(Fixed(8), Nothing),
            always(
                Array(&[
                    always(String, Topic),
                    always(Array(&[always(I32, Partition), always(I16, Error)]), Nothing),
                ]),
                Topics,
            ),
        ]),
        Nothing,
    ),
    REST,
];

static TXN_OFFSET_COMMIT_REQUEST: &[Field] = &[
    always(String, Transaction),
    always(String, Group),
    always(Fixed(10), Nothing),
    since(3, Fixed(4), Nothing),
    since(3, String, Nothing),
    since(3, String, Nothing),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[
                    always(I32, Partition),
                    always(I64, Offset),
                    since(2, Fixed(4), Nothing),
                    always(String, Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
];

static TXN_OFFSET_COMMIT_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(
        Array(&[
            always(String, Topic),
            always(Array(&[always(I32, Partition), always(I16, Error)]), Nothing),
        ]),
        Topics,
    ),
];

static DESCRIBE_ACLS_RESPONSE: &[Field] = &[always(I32, Throttle), always(I16, Error), REST];

static CREATE_ACLS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(Array(&[always(I16, Error), always(String, Nothing)]), Nothing),
    REST,
];

static DELETE_ACLS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(
        Array(&[
            always(I16, Error),
            always(String, Nothing),
            always(
                Array(&[
                    always(I16, Error),
                    always(String, Nothing),
                    always(Fixed(1), Nothing),
                    always(String, Nothing),
                    since(1, Fixed(1), Nothing),
                    always(String, Nothing),
                    always(String, Nothing),
                    always(Fixed(2), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Nothing,
    ),
    REST,
];

static DESCRIBE_CONFIGS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(
        Array(&[
            always(I16, Error),
            always(String, Nothing),
            always(Fixed(1), Nothing),
            always(String, Nothing),
            always(
                Array(&[
                    always(String, Nothing),
                    always(String, Nothing),
                    always(Fixed(1), Nothing),
                    between(0, 0, Fixed(1), Nothing),
                    since(1, Fixed(1), Nothing),
                    always(Fixed(1), Nothing),
                    since(
                        1,
                        Array(&[
                            always(String, Nothing),
                            always(String, Nothing),
                            always(Fixed(1), Nothing),
                        ]),
                        Nothing,
                    ),
                    since(3, Fixed(1), Nothing),
                    since(3, String, Nothing),
                ]),
                Nothing,
            ),
        ]),
        Nothing,
    ),
    REST,
];

static ALTER_CONFIGS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(
        Array(&[
            always(I16, Error),
            always(String, Nothing),
            always(Fixed(1), Nothing),
            always(String, Nothing),
        ]),
        Nothing,
    ),
    REST,
];

static ALTER_REPLICA_LOG_DIRS_REQUEST: &[Field] = &[
    always(
        Array(&[
            always(String, Nothing),
            always(Array(&[always(String, Topic), always(List(&I32), Partition)]), Topics),
        ]),
        Nothing,
    ),
    REST,
];

static ALTER_REPLICA_LOG_DIRS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(
        Array(&[
            always(String, Topic),
            always(Array(&[always(I32, Partition), always(I16, Error)]), Nothing),
        ]),
        Topics,
    ),
    REST,
];

static DESCRIBE_LOG_DIRS_REQUEST: &[Field] = &[
    always(Array(&[always(String, Topic), always(List(&I32), Partition)]), Topics),
    REST,
];

static DESCRIBE_LOG_DIRS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    since(3, I16, Error),
    always(
        Array(&[
            always(I16, Error),
            always(String, Nothing),
            always(
                Array(&[
                    always(String, Topic),
                    always(Array(&[always(I32, Partition), always(Fixed(17), Nothing)]), Nothing),
                ]),
                Topics,
            ),
            since(4, Fixed(16), Nothing),
        ]),
        Nothing,
    ),
    REST,
];

static SASL_AUTHENTICATE_REQUEST: &[Field] = &[always(Bytes, Nothing)];

static SASL_AUTHENTICATE_RESPONSE: &[Field] = &[
    always(I16, Error),
    always(String, Nothing),
    always(Bytes, Nothing),
    since(1, Fixed(8), Nothing),
];

static CREATE_PARTITIONS_REQUEST: &[Field] = &[
    always(
        Array(&[
            always(String, Topic),
            always(Fixed(4), Nothing),
            always(Array(&[always(List(&Fixed(4)), Nothing)]), Nothing),
        ]),
        Topics,
    ),
    REST,
];

static CREATE_PARTITIONS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(
        Array(&[always(String, Topic), always(I16, Error), always(String, Nothing)]),
        Topics,
    ),
    REST,
];

static CREATE_DELEGATION_TOKEN_RESPONSE: &[Field] = &[
    always(I16, Error),
    always(String, Nothing),
    always(String, Nothing),
    since(3, String, Nothing),
    since(3, String, Nothing),
    always(Fixed(24), Nothing),
    always(String, Nothing),
    always(Bytes, Nothing),
    always(I32, Throttle),
    REST,
];

static RENEW_DELEGATION_TOKEN_RESPONSE: &[Field] = &[
    always(I16, Error),
    always(Fixed(8), Nothing),
    always(I32, Throttle),
    REST,
];

static EXPIRE_DELEGATION_TOKEN_RESPONSE: &[Field] = &[
    always(I16, Error),
    always(Fixed(8), Nothing),
    always(I32, Throttle),
    REST,
];

static DESCRIBE_DELEGATION_TOKEN_RESPONSE: &[Field] = &[
    always(I16, Error),
    always(
        Array(&[
            always(String, Nothing),
            always(String, Nothing),
            since(3, String, Nothing),
            since(3, String, Nothing),
            always(Fixed(24), Nothing),
            always(String, Nothing),
            always(Bytes, Nothing),
            always(Array(&[always(String, Nothing), always(String, Nothing)]), Nothing),
        ]),
        Nothing,
    ),
    always(I32, Throttle),
    REST,
];

static DELETE_GROUPS_REQUEST: &[Field] = &[always(List(&String), Group), REST];

static DELETE_GROUPS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(Array(&[always(String, Group), always(I16, Error)]), Nothing),
    REST,
];

static ELECT_LEADERS_REQUEST: &[Field] = &[
    since(1, Fixed(1), Nothing),
    always(Array(&[always(String, Topic), always(List(&I32), Partition)]), Topics),
    REST,
];

static ELECT_LEADERS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    since(1, I16, Error),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[always(I32, Partition), always(I16, Error), always(String, Nothing)]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static INCREMENTAL_ALTER_CONFIGS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(
        Array(&[
            always(I16, Error),
            always(String, Nothing),
            always(Fixed(1), Nothing),
            always(String, Nothing),
        ]),
        Nothing,
    ),
    REST,
];

static ALTER_PARTITION_REASSIGNMENTS_REQUEST: &[Field] = &[
    always(Fixed(4), Nothing),
    since(1, Fixed(1), Nothing),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[always(I32, Partition), always(List(&Fixed(4)), Nothing)]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static ALTER_PARTITION_REASSIGNMENTS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    since(1, Fixed(1), Nothing),
    always(I16, Error),
    always(String, Nothing),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[always(I32, Partition), always(I16, Error), always(String, Nothing)]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static LIST_PARTITION_REASSIGNMENTS_REQUEST: &[Field] = &[
    always(Fixed(4), Nothing),
    always(Array(&[always(String, Topic), always(List(&I32), Partition)]), Topics),
    REST,
];

static LIST_PARTITION_REASSIGNMENTS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(I16, Error),
    always(String, Nothing),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[
                    always(I32, Partition),
                    always(List(&Fixed(4)), Nothing),
                    always(List(&Fixed(4)), Nothing),
                    always(List(&Fixed(4)), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static OFFSET_DELETE_REQUEST: &[Field] = &[
    always(String, Group),
    always(
        Array(&[always(String, Topic), always(Array(&[always(I32, Partition)]), Nothing)]),
        Topics,
    ),
    REST,
];

static OFFSET_DELETE_RESPONSE: &[Field] = &[
    always(I16, Error),
    always(I32, Throttle),
    always(
        Array(&[
            always(String, Topic),
            always(Array(&[always(I32, Partition), always(I16, Error)]), Nothing),
        ]),
        Topics,
    ),
    REST,
];

static DESCRIBE_CLIENT_QUOTAS_RESPONSE: &[Field] = &[always(I32, Throttle), always(I16, Error), REST];

static ALTER_CLIENT_QUOTAS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(
        Array(&[
            always(I16, Error),
            always(String, Nothing),
            always(Array(&[always(String, Nothing), always(String, Nothing)]), Nothing),
        ]),
        Nothing,
    ),
    REST,
];

static DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(I16, Error),
    always(String, Nothing),
    always(
        Array(&[
            always(String, Nothing),
            always(I16, Error),
            always(String, Nothing),
            always(Array(&[always(Fixed(5), Nothing)]), Nothing),
        ]),
        Nothing,
    ),
    REST,
];

static ALTER_USER_SCRAM_CREDENTIALS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(
        Array(&[always(String, Nothing), always(I16, Error), always(String, Nothing)]),
        Nothing,
    ),
    REST,
];

static VOTE_REQUEST: &[Field] = &[
    always(String, Nothing),
    since(1, Fixed(4), Nothing),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[
                    always(I32, Partition),
                    always(Fixed(8), Nothing),
                    since(1, Fixed(32), Nothing),
                    always(Fixed(12), Nothing),
                    since(2, Fixed(1), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static VOTE_RESPONSE: &[Field] = &[
    always(I16, Error),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[always(I32, Partition), always(I16, Error), always(Fixed(9), Nothing)]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static BEGIN_QUORUM_EPOCH_REQUEST: &[Field] = &[
    always(String, Nothing),
    since(1, Fixed(4), Nothing),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[
                    always(I32, Partition),
                    since(1, Fixed(16), Nothing),
                    always(Fixed(8), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static BEGIN_QUORUM_EPOCH_RESPONSE: &[Field] = &[
    always(I16, Error),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[always(I32, Partition), always(I16, Error), always(Fixed(8), Nothing)]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static END_QUORUM_EPOCH_REQUEST: &[Field] = &[
    always(String, Nothing),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[
                    always(I32, Partition),
                    always(Fixed(8), Nothing),
                    between(0, 0, List(&Fixed(4)), Nothing),
                    since(1, Array(&[always(Fixed(20), Nothing)]), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static END_QUORUM_EPOCH_RESPONSE: &[Field] = &[
    always(I16, Error),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[always(I32, Partition), always(I16, Error), always(Fixed(8), Nothing)]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static DESCRIBE_QUORUM_REQUEST: &[Field] = &[
    always(
        Array(&[always(String, Topic), always(Array(&[always(I32, Partition)]), Nothing)]),
        Topics,
    ),
    REST,
];

static DESCRIBE_QUORUM_RESPONSE: &[Field] = &[
    always(I16, Error),
    since(2, String, Nothing),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[
                    always(I32, Partition),
                    always(I16, Error),
                    since(2, String, Nothing),
                    always(Fixed(16), Nothing),
                    always(
                        Array(&[
                            always(Fixed(4), Nothing),
                            since(2, Fixed(16), Nothing),
                            always(Fixed(8), Nothing),
                            since(1, Fixed(16), Nothing),
                        ]),
                        Nothing,
                    ),
                    always(
                        Array(&[
                            always(Fixed(4), Nothing),
                            since(2, Fixed(16), Nothing),
                            always(Fixed(8), Nothing),
                            since(1, Fixed(16), Nothing),
                        ]),
                        Nothing,
                    ),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static ALTER_PARTITION_REQUEST: &[Field] = &[
    always(Fixed(12), Nothing),
    always(
        Array(&[
            between(0, 1, String, Topic),
            since(2, Uuid, TopicId),
            always(
                Array(&[
                    always(I32, Partition),
                    always(Fixed(4), Nothing),
                    between(0, 2, List(&Fixed(4)), Nothing),
                    since(3, Array(&[always(Fixed(12), Nothing)]), Nothing),
                    since(1, Fixed(1), Nothing),
                    always(Fixed(4), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static ALTER_PARTITION_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(I16, Error),
    always(
        Array(&[
            between(0, 1, String, Topic),
            since(2, Uuid, TopicId),
            always(
                Array(&[
                    always(I32, Partition),
                    always(I16, Error),
                    always(Fixed(8), Nothing),
                    always(List(&Fixed(4)), Nothing),
                    since(1, Fixed(1), Nothing),
                    always(Fixed(4), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static UPDATE_FEATURES_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(I16, Error),
    always(String, Nothing),
    between(
        0,
        1,
        Array(&[always(String, Nothing), always(I16, Error), always(String, Nothing)]),
        Nothing,
    ),
    REST,
];

static ENVELOPE_RESPONSE: &[Field] = &[always(Bytes, Nothing), always(I16, Error), REST];

static FETCH_SNAPSHOT_REQUEST: &[Field] = &[
    always(Fixed(8), Nothing),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[
                    always(I32, Partition),
                    always(Fixed(4), Nothing),
                    always(Struct(&[always(Fixed(12), Nothing)]), Nothing),
                    always(Fixed(8), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static FETCH_SNAPSHOT_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(I16, Error),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[
                    always(I32, Partition),
                    always(I16, Error),
                    always(Struct(&[always(Fixed(12), Nothing)]), Nothing),
                    always(Fixed(16), Nothing),
                    always(Bytes, Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static DESCRIBE_CLUSTER_RESPONSE: &[Field] = &[always(I32, Throttle), always(I16, Error), REST];

static DESCRIBE_PRODUCERS_REQUEST: &[Field] = &[
    always(Array(&[always(String, Topic), always(List(&I32), Partition)]), Topics),
    REST,
];

static DESCRIBE_PRODUCERS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(
        Array(&[
            always(String, Topic),
            always(
                Array(&[
                    always(I32, Partition),
                    always(I16, Error),
                    always(String, Nothing),
                    always(Array(&[always(Fixed(36), Nothing)]), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static BROKER_REGISTRATION_RESPONSE: &[Field] = &[always(I32, Throttle), always(I16, Error), REST];

static BROKER_HEARTBEAT_RESPONSE: &[Field] = &[always(I32, Throttle), always(I16, Error), REST];

static UNREGISTER_BROKER_RESPONSE: &[Field] = &[always(I32, Throttle), always(I16, Error), REST];

static DESCRIBE_TRANSACTIONS_REQUEST: &[Field] = &[always(List(&String), Transaction), REST];

static DESCRIBE_TRANSACTIONS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(
        Array(&[
            always(I16, Error),
            always(String, Nothing),
            always(String, Nothing),
            always(Fixed(22), Nothing),
            always(Array(&[always(String, Topic), always(List(&I32), Partition)]), Topics),
        ]),
        Nothing,
    ),
    REST,
];

static LIST_TRANSACTIONS_RESPONSE: &[Field] = &[always(I32, Throttle), always(I16, Error), REST];

static ALLOCATE_PRODUCER_IDS_RESPONSE: &[Field] = &[always(I32, Throttle), always(I16, Error), REST];

static CONSUMER_GROUP_HEARTBEAT_REQUEST: &[Field] = &[
    always(String, Group),
    always(String, Nothing),
    always(Fixed(4), Nothing),
    always(String, Nothing),
    always(String, Nothing),
    always(Fixed(4), Nothing),
    always(List(&String), Topic),
    since(1, String, Nothing),
    always(String, Nothing),
    always(Array(&[always(Uuid, TopicId), always(List(&I32), Partition)]), Topics),
];

static CONSUMER_GROUP_HEARTBEAT_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(I16, Error),
    always(String, Nothing),
    always(String, Nothing),
    always(Fixed(8), Nothing),
    always(
        Optional(&[always(
            Array(&[always(Uuid, TopicId), always(List(&I32), Partition)]),
            Topics,
        )]),
        Nothing,
    ),
];

static CONSUMER_GROUP_DESCRIBE_REQUEST: &[Field] = &[always(List(&String), Group), REST];

static CONSUMER_GROUP_DESCRIBE_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(
        Array(&[
            always(I16, Error),
            always(String, Nothing),
            always(String, Group),
            always(String, Nothing),
            always(Fixed(8), Nothing),
            always(String, Nothing),
            always(
                Array(&[
                    always(String, Nothing),
                    always(String, Nothing),
                    always(String, Nothing),
                    always(Fixed(4), Nothing),
                    always(String, Nothing),
                    always(String, Nothing),
                    always(List(&String), Topic),
                    always(String, Nothing),
                    always(
                        Struct(&[always(
                            Array(&[
                                always(Uuid, TopicId),
                                always(String, Topic),
                                always(List(&I32), Partition),
                            ]),
                            Topics,
                        )]),
                        Nothing,
                    ),
                    always(
                        Struct(&[always(
                            Array(&[
                                always(Uuid, TopicId),
                                always(String, Topic),
                                always(List(&I32), Partition),
                            ]),
                            Topics,
                        )]),
                        Nothing,
                    ),
                    since(1, Fixed(1), Nothing),
                ]),
                Topics,
            ),
            always(Fixed(4), Nothing),
        ]),
        Nothing,
    ),
    REST,
];

static CONTROLLER_REGISTRATION_RESPONSE: &[Field] = &[always(I32, Throttle), always(I16, Error), REST];

static GET_TELEMETRY_SUBSCRIPTIONS_RESPONSE: &[Field] = &[always(I32, Throttle), always(I16, Error), REST];

static PUSH_TELEMETRY_RESPONSE: &[Field] = &[always(I32, Throttle), always(I16, Error), REST];

static ASSIGN_REPLICAS_TO_DIRS_REQUEST: &[Field] = &[
    always(Fixed(12), Nothing),
    always(
        Array(&[
            always(Fixed(16), Nothing),
            always(
                Array(&[always(Uuid, TopicId), always(Array(&[always(I32, Partition)]), Nothing)]),
                Topics,
            ),
        ]),
        Nothing,
    ),
    REST,
];

static ASSIGN_REPLICAS_TO_DIRS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(I16, Error),
    always(
        Array(&[
            always(Fixed(16), Nothing),
            always(
                Array(&[
                    always(Uuid, TopicId),
                    always(Array(&[always(I32, Partition), always(I16, Error)]), Nothing),
                ]),
                Topics,
            ),
        ]),
        Nothing,
    ),
    REST,
];

static LIST_CONFIG_RESOURCES_RESPONSE: &[Field] = &[always(I32, Throttle), always(I16, Error), REST];

static DESCRIBE_TOPIC_PARTITIONS_REQUEST: &[Field] = &[always(Array(&[always(String, Topic)]), Topics), REST];

static DESCRIBE_TOPIC_PARTITIONS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(
        Array(&[
            always(I16, Error),
            always(String, ListedTopic),
            always(Uuid, ListedTopicId),
            always(Fixed(1), Nothing),
            always(
                Array(&[
                    always(I16, Error),
                    always(Fixed(12), Nothing),
                    always(List(&Fixed(4)), Nothing),
                    always(List(&Fixed(4)), Nothing),
                    always(List(&Fixed(4)), Nothing),
                    always(List(&Fixed(4)), Nothing),
                    always(List(&Fixed(4)), Nothing),
                ]),
                Nothing,
            ),
            always(Fixed(4), Nothing),
        ]),
        ListedTopics,
    ),
    REST,
];

static SHARE_GROUP_HEARTBEAT_REQUEST: &[Field] = &[
    always(String, Group),
    always(String, Nothing),
    always(Fixed(4), Nothing),
    always(String, Nothing),
    always(List(&String), Topic),
    REST,
];

static SHARE_GROUP_HEARTBEAT_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(I16, Error),
    always(String, Nothing),
    always(String, Nothing),
    always(Fixed(8), Nothing),
    always(
        Optional(&[always(
            Array(&[always(Uuid, TopicId), always(List(&I32), Partition)]),
            Topics,
        )]),
        Nothing,
    ),
    REST,
];

static SHARE_GROUP_DESCRIBE_REQUEST: &[Field] = &[always(List(&String), Group), REST];

static SHARE_GROUP_DESCRIBE_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(
        Array(&[
            always(I16, Error),
            always(String, Nothing),
            always(String, Group),
            always(String, Nothing),
            always(Fixed(8), Nothing),
            always(String, Nothing),
            always(
                Array(&[
                    always(String, Nothing),
                    always(String, Nothing),
                    always(Fixed(4), Nothing),
                    always(String, Nothing),
                    always(String, Nothing),
                    always(List(&String), Topic),
                    always(
                        Struct(&[always(
                            Array(&[
                                always(Uuid, TopicId),
                                always(String, Topic),
                                always(List(&I32), Partition),
                            ]),
                            Topics,
                        )]),
                        Nothing,
                    ),
                ]),
                Topics,
            ),
            always(Fixed(4), Nothing),
        ]),
        Nothing,
    ),
    REST,
];

static SHARE_FETCH_REQUEST: &[Field] = &[
    always(String, Group),
    always(String, Nothing),
    always(Fixed(16), Nothing),
    since(1, Fixed(8), Nothing),
    since(2, Fixed(2), Nothing),
    always(
        Array(&[
            always(Uuid, TopicId),
            always(
                Array(&[
                    always(I32, Partition),
                    between(0, 0, Fixed(4), Nothing),
                    always(
                        Array(&[always(Fixed(16), Nothing), always(List(&Fixed(1)), Nothing)]),
                        Nothing,
                    ),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    always(Array(&[always(Uuid, TopicId), always(List(&I32), Partition)]), Topics),
    REST,
];

static SHARE_FETCH_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(I16, Error),
    always(String, Nothing),
    since(1, Fixed(4), Nothing),
    always(
        Array(&[
            always(Uuid, TopicId),
            always(
                Array(&[
                    always(I32, Partition),
                    always(I16, Error),
                    always(String, Nothing),
                    always(I16, Error),
                    always(String, Nothing),
                    always(Struct(&[always(Fixed(8), Nothing)]), Nothing),
                    always(Batches, Records),
                    always(Array(&[always(Fixed(18), Nothing)]), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static SHARE_ACKNOWLEDGE_REQUEST: &[Field] = &[
    always(String, Group),
    always(String, Nothing),
    always(Fixed(4), Nothing),
    since(2, Fixed(1), Nothing),
    always(
        Array(&[
            always(Uuid, TopicId),
            always(
                Array(&[
                    always(I32, Partition),
                    always(
                        Array(&[always(Fixed(16), Nothing), always(List(&Fixed(1)), Nothing)]),
                        Nothing,
                    ),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static SHARE_ACKNOWLEDGE_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(I16, Error),
    always(String, Nothing),
    since(2, Fixed(4), Nothing),
    always(
        Array(&[
            always(Uuid, TopicId),
            always(
                Array(&[
                    always(I32, Partition),
                    always(I16, Error),
                    always(String, Nothing),
                    always(Struct(&[always(Fixed(8), Nothing)]), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static ADD_RAFT_VOTER_RESPONSE: &[Field] = &[always(I32, Throttle), always(I16, Error), REST];

static REMOVE_RAFT_VOTER_RESPONSE: &[Field] = &[always(I32, Throttle), always(I16, Error), REST];

static UPDATE_RAFT_VOTER_RESPONSE: &[Field] = &[always(I32, Throttle), always(I16, Error), REST];

static INITIALIZE_SHARE_GROUP_STATE_REQUEST: &[Field] = &[
    always(String, Nothing),
    always(
        Array(&[
            always(Uuid, TopicId),
            always(Array(&[always(I32, Partition), always(Fixed(12), Nothing)]), Nothing),
        ]),
        Topics,
    ),
    REST,
];

static INITIALIZE_SHARE_GROUP_STATE_RESPONSE: &[Field] = &[
    always(
        Array(&[
            always(Uuid, TopicId),
            always(
                Array(&[always(I32, Partition), always(I16, Error), always(String, Nothing)]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static READ_SHARE_GROUP_STATE_REQUEST: &[Field] = &[
    always(String, Nothing),
    always(
        Array(&[
            always(Uuid, TopicId),
            always(Array(&[always(I32, Partition), always(Fixed(4), Nothing)]), Nothing),
        ]),
        Topics,
    ),
    REST,
];

static READ_SHARE_GROUP_STATE_RESPONSE: &[Field] = &[
    always(
        Array(&[
            always(Uuid, TopicId),
            always(
                Array(&[
                    always(I32, Partition),
                    always(I16, Error),
                    always(String, Nothing),
                    always(Fixed(12), Nothing),
                    always(Array(&[always(Fixed(19), Nothing)]), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static WRITE_SHARE_GROUP_STATE_REQUEST: &[Field] = &[
    always(String, Nothing),
    always(
        Array(&[
            always(Uuid, TopicId),
            always(
                Array(&[
                    always(I32, Partition),
                    always(Fixed(16), Nothing),
                    since(1, Fixed(4), Nothing),
                    always(Array(&[always(Fixed(19), Nothing)]), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static WRITE_SHARE_GROUP_STATE_RESPONSE: &[Field] = &[
    always(
        Array(&[
            always(Uuid, TopicId),
            always(
                Array(&[always(I32, Partition), always(I16, Error), always(String, Nothing)]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static DELETE_SHARE_GROUP_STATE_REQUEST: &[Field] = &[
    always(String, Nothing),
    always(
        Array(&[always(Uuid, TopicId), always(Array(&[always(I32, Partition)]), Nothing)]),
        Topics,
    ),
    REST,
];

static DELETE_SHARE_GROUP_STATE_RESPONSE: &[Field] = &[
    always(
        Array(&[
            always(Uuid, TopicId),
            always(
                Array(&[always(I32, Partition), always(I16, Error), always(String, Nothing)]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static READ_SHARE_GROUP_STATE_SUMMARY_REQUEST: &[Field] = &[
    always(String, Nothing),
    always(
        Array(&[
            always(Uuid, TopicId),
            always(Array(&[always(I32, Partition), always(Fixed(4), Nothing)]), Nothing),
        ]),
        Topics,
    ),
    REST,
];

static READ_SHARE_GROUP_STATE_SUMMARY_RESPONSE: &[Field] = &[
    always(
        Array(&[
            always(Uuid, TopicId),
            always(
                Array(&[
                    always(I32, Partition),
                    always(I16, Error),
                    always(String, Nothing),
                    always(Fixed(16), Nothing),
                    since(1, Fixed(4), Nothing),
                ]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static STREAMS_GROUP_HEARTBEAT_REQUEST: &[Field] = &[
    always(String, Group),
    always(String, Nothing),
    always(Fixed(8), Nothing),
    always(String, Nothing),
    always(String, Nothing),
    always(Fixed(4), Nothing),
    always(
        Optional(&[
            always(Fixed(4), Nothing),
            always(
                Array(&[
                    always(String, Nothing),
                    always(List(&String), Topic),
                    always(List(&String), Nothing),
                    always(
                        Array(&[
                            always(String, Topic),
                            always(I32, Partition),
                            always(Fixed(2), Nothing),
                            always(Array(&[always(String, Nothing), always(String, Nothing)]), Nothing),
                        ]),
                        Topics,
                    ),
                    always(List(&String), Topic),
                    always(
                        Array(&[
                            always(String, Topic),
                            always(I32, Partition),
                            always(Fixed(2), Nothing),
                            always(Array(&[always(String, Nothing), always(String, Nothing)]), Nothing),
                        ]),
                        Topics,
                    ),
                    always(
                        Array(&[
                            always(List(&Fixed(2)), Nothing),
                            always(List(&Fixed(2)), Nothing),
                            always(List(&Fixed(2)), Nothing),
                        ]),
                        Nothing,
                    ),
                ]),
                Topics,
            ),
        ]),
        Nothing,
    ),
    always(
        Array(&[always(String, Nothing), always(List(&I32), Partition)]),
        Nothing,
    ),
    always(
        Array(&[always(String, Nothing), always(List(&I32), Partition)]),
        Nothing,
    ),
    always(
        Array(&[always(String, Nothing), always(List(&I32), Partition)]),
        Nothing,
    ),
    always(String, Nothing),
    always(Optional(&[always(String, Nothing), always(Fixed(2), Nothing)]), Nothing),
    always(Array(&[always(String, Nothing), always(String, Nothing)]), Nothing),
    always(
        Array(&[
            always(String, Nothing),
            always(I32, Partition),
            always(Fixed(8), Nothing),
        ]),
        Nothing,
    ),
    always(
        Array(&[
            always(String, Nothing),
            always(I32, Partition),
            always(Fixed(8), Nothing),
        ]),
        Nothing,
    ),
    REST,
];

static STREAMS_GROUP_HEARTBEAT_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(I16, Error),
    always(String, Nothing),
    always(String, Nothing),
    always(Fixed(16), Nothing),
    always(Array(&[always(Fixed(1), Nothing), always(String, Nothing)]), Nothing),
    always(
        Array(&[always(String, Nothing), always(List(&I32), Partition)]),
        Nothing,
    ),
    always(
        Array(&[always(String, Nothing), always(List(&I32), Partition)]),
        Nothing,
    ),
    always(
        Array(&[always(String, Nothing), always(List(&I32), Partition)]),
        Nothing,
    ),
    always(Fixed(4), Nothing),
    always(
        Array(&[
            always(Struct(&[always(String, Nothing), always(Fixed(2), Nothing)]), Nothing),
            always(Array(&[always(String, Topic), always(List(&I32), Partition)]), Topics),
            always(Array(&[always(String, Topic), always(List(&I32), Partition)]), Topics),
        ]),
        Nothing,
    ),
    REST,
];

static STREAMS_GROUP_DESCRIBE_REQUEST: &[Field] = &[always(List(&String), Group), REST];

static STREAMS_GROUP_DESCRIBE_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(
        Array(&[
            always(I16, Error),
            always(String, Nothing),
            always(String, Group),
            always(String, Nothing),
            always(Fixed(8), Nothing),
            always(
                Optional(&[
                    always(Fixed(4), Nothing),
                    always(
                        Array(&[
                            always(String, Nothing),
                            always(List(&String), Topic),
                            always(List(&String), Topic),
                            always(
                                Array(&[
                                    always(String, Topic),
                                    always(I32, Partition),
                                    always(Fixed(2), Nothing),
                                    always(Array(&[always(String, Nothing), always(String, Nothing)]), Nothing),
                                ]),
                                Topics,
                            ),
                            always(
                                Array(&[
                                    always(String, Topic),
                                    always(I32, Partition),
                                    always(Fixed(2), Nothing),
                                    always(Array(&[always(String, Nothing), always(String, Nothing)]), Nothing),
                                ]),
                                Topics,
                            ),
                        ]),
                        Topics,
                    ),
                ]),
                Nothing,
            ),
            always(
                Array(&[
                    always(String, Nothing),
                    always(Fixed(4), Nothing),
                    always(String, Nothing),
                    always(String, Nothing),
                    always(String, Nothing),
                    always(String, Nothing),
                    always(Fixed(4), Nothing),
                    always(String, Nothing),
                    always(Optional(&[always(String, Nothing), always(Fixed(2), Nothing)]), Nothing),
                    always(Array(&[always(String, Nothing), always(String, Nothing)]), Nothing),
                    always(
                        Array(&[
                            always(String, Nothing),
                            always(I32, Partition),
                            always(Fixed(8), Nothing),
                        ]),
                        Nothing,
                    ),
                    always(
                        Array(&[
                            always(String, Nothing),
                            always(I32, Partition),
                            always(Fixed(8), Nothing),
                        ]),
                        Nothing,
                    ),
                    always(
                        Struct(&[
                            always(
                                Array(&[always(String, Nothing), always(List(&I32), Partition)]),
                                Nothing,
                            ),
                            always(
                                Array(&[always(String, Nothing), always(List(&I32), Partition)]),
                                Nothing,
                            ),
                            always(
                                Array(&[always(String, Nothing), always(List(&I32), Partition)]),
                                Nothing,
                            ),
                        ]),
                        Nothing,
                    ),
                    always(
                        Struct(&[
                            always(
                                Array(&[always(String, Nothing), always(List(&I32), Partition)]),
                                Nothing,
                            ),
                            always(
                                Array(&[always(String, Nothing), always(List(&I32), Partition)]),
                                Nothing,
                            ),
                            always(
                                Array(&[always(String, Nothing), always(List(&I32), Partition)]),
                                Nothing,
                            ),
                        ]),
                        Nothing,
                    ),
                    always(Fixed(1), Nothing),
                ]),
                Nothing,
            ),
            always(Fixed(4), Nothing),
        ]),
        Nothing,
    ),
    REST,
];

static DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST: &[Field] = &[
    always(
        Array(&[
            always(String, Group),
            always(Array(&[always(String, Topic), always(List(&I32), Partition)]), Topics),
        ]),
        Nothing,
    ),
    REST,
];

static DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(
        Array(&[
            always(String, Group),
            always(
                Array(&[
                    always(String, Topic),
                    always(Uuid, TopicId),
                    always(
                        Array(&[
                            always(I32, Partition),
                            always(Fixed(12), Nothing),
                            since(1, Fixed(8), Nothing),
                            always(I16, Error),
                            always(String, Nothing),
                        ]),
                        Nothing,
                    ),
                ]),
                Topics,
            ),
            always(I16, Error),
            always(String, Nothing),
        ]),
        Nothing,
    ),
    REST,
];

static ALTER_SHARE_GROUP_OFFSETS_REQUEST: &[Field] = &[
    always(String, Group),
    always(
        Array(&[
            always(String, Topic),
            always(Array(&[always(I32, Partition), always(Fixed(8), Nothing)]), Nothing),
        ]),
        Topics,
    ),
    REST,
];

static ALTER_SHARE_GROUP_OFFSETS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(I16, Error),
    always(String, Nothing),
    always(
        Array(&[
            always(String, Topic),
            always(Uuid, TopicId),
            always(
                Array(&[always(I32, Partition), always(I16, Error), always(String, Nothing)]),
                Nothing,
            ),
        ]),
        Topics,
    ),
    REST,
];

static DELETE_SHARE_GROUP_OFFSETS_REQUEST: &[Field] = &[
    always(String, Group),
    always(Array(&[always(String, Topic)]), Topics),
    REST,
];

static DELETE_SHARE_GROUP_OFFSETS_RESPONSE: &[Field] = &[
    always(I32, Throttle),
    always(I16, Error),
    always(String, Nothing),
    always(
        Array(&[
            always(String, Topic),
            always(Uuid, TopicId),
            always(I16, Error),
            always(String, Nothing),
        ]),
        Topics,
    ),
    REST,
];
