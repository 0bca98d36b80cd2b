import type { ProgramKind } from "../../protocol/observation.ts";

/** Software that is known by its program's name and the ports that it takes where nobody says otherwise. */
export interface KnownSoftware {
  product: string;
  kind: ProgramKind;
  /** As the kernel has them: at most fifteen characters. */
  programs: readonly string[];
  ports: readonly number[];
}

const software = (
  product: string,
  kind: ProgramKind,
  programs: readonly string[],
  ports: readonly number[],
): KnownSoftware => ({ product, kind, programs, ports });

/** Default ports: the products' own manuals and the IANA registry. Order matters where two share a port: the likelier first. */
export const KNOWN_SOFTWARE: readonly KnownSoftware[] = [
  software("postgresql", "database", ["postgres", "postmaster"], [5432]),
  software("mysql", "database", ["mysqld", "mariadbd", "mysqld_safe"], [3306, 33060]),
  software("mongodb", "database", ["mongod", "mongos"], [27017, 27018, 27019]),
  software("oracle", "database", ["tnslsnr"], [1521]),
  software("sqlserver", "database", ["sqlservr"], [1433]),
  software("db2", "database", ["db2sysc"], [50000]),
  software("cassandra", "database", [], [9042]),
  software("clickhouse", "database", ["clickhouse-serv", "clickhouse"], [8123, 9000]),
  software("elasticsearch", "database", [], [9200, 9300]),
  software("opensearch", "database", [], []),
  software("influxdb", "database", ["influxd"], [8086]),
  software("couchdb", "database", [], [5984]),
  software("neo4j", "database", [], [7687, 7474]),
  software("etcd", "database", ["etcd"], [2379, 2380]),
  software("ldap", "database", ["slapd", "ns-slapd"], [389, 636]),
  software("redis", "cache", ["redis-server", "valkey-server", "keydb-server"], [6379]),
  software("memcached", "cache", ["memcached"], [11211]),
  software("varnish", "cache", ["varnishd"], [6081]),
  software("rabbitmq", "queue", ["beam.smp"], [5672, 5671, 15672, 25672]),
  software("kafka", "queue", [], [9092]),
  software("nats", "queue", ["nats-server"], [4222]),
  software("mosquitto", "queue", ["mosquitto"], [1883, 8883]),
  software("activemq", "queue", [], [61616]),
  software("haproxy", "loadBalancer", ["haproxy"], []),
  software("pgbouncer", "loadBalancer", ["pgbouncer"], [6432]),
  software("envoy", "loadBalancer", ["envoy"], []),
  software("traefik", "loadBalancer", ["traefik"], []),
  software("nginx", "service", ["nginx"], [80, 443]),
  software("apache", "service", ["apache2", "httpd"], [80, 443]),
  software("caddy", "service", ["caddy"], [80, 443, 2019]),
  software("postfix", "service", ["master"], [25, 587]),
  software("dovecot", "service", ["dovecot"], [143, 993]),
  software("bind", "service", ["named"], [53, 953]),
  software("unbound", "service", ["unbound"], [53]),
  software("nfs", "service", [], [2049]),
  software("samba", "service", ["smbd"], [445, 139]),
  software("prometheus", "service", ["prometheus"], [9090]),
  software("grafana", "service", ["grafana", "grafana-server"], [3000]),
  software("vault", "service", ["vault"], [8200]),
  software("consul", "service", ["consul"], [8500]),
  software("minio", "service", ["minio"], [9000]),
];

/** People and configuration management come by it: who logs in where is no dependency. */
export const IGNORED_PORTS: ReadonlySet<number> = new Set([22]);

/** Java programs all bear one name: the class or archive in their command line tells which. */
export const JAVA_WORDS: readonly (readonly [word: RegExp, product: string])[] = [
  [/kafka\.Kafka/, "kafka"],
  [/org\.elasticsearch/, "elasticsearch"],
  [/org\.opensearch/, "opensearch"],
  [/CassandraDaemon/, "cassandra"],
  [/activemq/i, "activemq"],
  [/org\.neo4j/, "neo4j"],
  [/QuorumPeerMain/, "zookeeper"],
  [/org\.apache\.catalina/, "tomcat"],
  [/-jar\s+(?:\S*\/)?([\w.-]+?)(?:-[\d.]+\S*)?\.jar/, ""],
];

/** The entry of a program's name, the one with this port first. */
export function softwareOfProgram(program: string, ports: readonly number[]): KnownSoftware | undefined {
  const named = KNOWN_SOFTWARE.filter((each) => each.programs.includes(program) || each.product === program);
  return named.find((each) => each.ports.some((port) => ports.includes(port))) ?? named[0];
}
