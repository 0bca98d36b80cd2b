/** Classes of `cmdb_ci` by the beginning of their name, most telling first, as our types. */
const BY_PREFIX: readonly (readonly [prefix: string, type: string])[] = [
  ["cmdb_ci_service_auto", "service"],
  ["cmdb_ci_service_discovered", "service"],
  ["cmdb_ci_service_calculated", "service"],
  ["cmdb_ci_service", "businessService"],
  ["cmdb_ci_business_app", "businessService"],
  ["cmdb_ci_esx", "hypervisor"],
  ["cmdb_ci_hyper_v_server", "hypervisor"],
  ["cmdb_ci_kvm", "hypervisor"],
  ["cmdb_ci_vm_instance", "vm"],
  ["cmdb_ci_vmware_instance", "vm"],
  ["cmdb_ci_ec2_instance", "vm"],
  ["cmdb_ci_ip_switch", "switch"],
  ["cmdb_ci_ip_router", "router"],
  ["cmdb_ci_ip_firewall", "firewall"],
  ["cmdb_ci_firewall", "firewall"],
  ["cmdb_ci_lb", "loadBalancer"],
  ["cmdb_ci_netgear", "switch"],
  ["cmdb_ci_network_adapter", "interface"],
  ["cmdb_ci_storage", "storage"],
  ["cmdb_ci_san", "storage"],
  ["cmdb_ci_nas", "storage"],
  ["cmdb_ci_db", "database"],
  ["cmdb_ci_cache", "cache"],
  ["cmdb_ci_kubernetes_cluster", "cluster"],
  ["cmdb_ci_kubernetes_pod", "container"],
  ["cmdb_ci_kubernetes_node", "host"],
  ["cmdb_ci_docker", "container"],
  ["cmdb_ci_oslv_container", "container"],
  ["cmdb_ci_cluster", "cluster"],
  ["cmdb_ci_rack", "rack"],
  ["cmdb_ci_datacenter", "site"],
  ["cmdb_ci_zone", "site"],
  ["cmdb_ci_ups", "power"],
  ["cmdb_ci_pdu", "power"],
  ["cmdb_ci_certificate", "certificate"],
  ["cmdb_ci_dns", "dns"],
  ["cmdb_ci_endpoint", "service"],
  ["cmdb_ci_appl", "application"],
  ["cmdb_ci_app_server", "application"],
  ["cmdb_ci_web_server", "application"],
  ["cmdb_ci_msg_queue", "queue"],
  ["cmdb_ci_server", "host"],
  ["cmdb_ci_computer", "host"],
];

/** Our type of a class; `host` for servers of all sorts, `application` for what we do not know. */
export function typeOfClass(name: string): string {
  const found = BY_PREFIX.find(([prefix]) => name.startsWith(prefix))?.[1];
  if (found !== undefined) return found;
  return name.endsWith("_server") ? "host" : "application";
}
