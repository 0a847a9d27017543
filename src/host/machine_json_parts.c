/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "host/json_parts.h"

static json_t *pools_json(const struct huge_pool *pools, unsigned n)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(list,
				      json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "kb", (json_int_t) pools[i].kb, "total",
						(json_int_t) pools[i].total, "free", (json_int_t) pools[i].free, "surplus",
						(json_int_t) pools[i].surplus, "overcommit", (json_int_t) pools[i].overcommit,
						"reserved", (json_int_t) pools[i].reserved));
	return list;
}

static json_t *node_json(const struct numa_node *n)
{
	json_t *distances = json_array();

	for (size_t i = 0; i < n->n_distances; i++)
		json_array_append_new(distances, json_integer(n->distances[i]));
	return json_pack("{s:i, s:o, s:I, s:I, s:o, s:o}", "node", (int) n->node, "cpus", hj_set(&n->cpus), "total_bytes",
			 (json_int_t) n->total_bytes, "free_bytes", (json_int_t) n->free_bytes, "huge_pages",
			 pools_json(n->huge, n->n_huge), "distances", distances);
}

static json_t *memory_json(const struct memory_facts *m)
{
	json_t *nodes = json_array(), *swaps = json_array(), *j;

	for (size_t i = 0; i < m->n_nodes; i++)
		json_array_append_new(nodes, node_json(&m->nodes[i]));
	for (size_t i = 0; i < m->n_swaps; i++)
		json_array_append_new(swaps, json_pack("{s:o, s:I, s:I}", "name", hj_text(m->swaps[i].name), "bytes",
						       (json_int_t) m->swaps[i].bytes, "used_bytes",
						       (json_int_t) m->swaps[i].used_bytes));
	j = json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "total_bytes", (json_int_t) m->total_bytes, "available_bytes",
		      (json_int_t) m->available_bytes, "locked_bytes", (json_int_t) m->locked_bytes, "anon_huge_bytes",
		      (json_int_t) m->anon_huge_bytes, "huge_pages", pools_json(m->huge, m->n_huge), "nodes", nodes, "swaps",
		      swaps);
	json_object_update_new(
		j, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "thp", hj_text(m->thp), "thp_defrag",
			     hj_text(m->thp_defrag), "thp_shmem", hj_text(m->thp_shmem), "khugepaged_defrag",
			     hj_number(m->khugepaged_defrag), "ksm_run", hj_number(m->ksm_run), "ksm_merge_across_nodes",
			     hj_number(m->ksm_merge_across_nodes), "ksm_pages_sharing", hj_number(m->ksm_pages_sharing),
			     "swappiness", hj_number(m->swappiness), "numa_balancing", hj_number(m->numa_balancing),
			     "zone_reclaim", hj_number(m->zone_reclaim), "stat_interval_s", hj_number(m->stat_interval)));
	return j;
}

static json_t *states_json(const struct power_facts *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->n_states; i++)
		json_array_append_new(list,
				      json_pack("{s:o, s:I, s:I, s:o, s:o}", "name", hj_text(p->states[i].name), "latency_us",
						(json_int_t) (p->states[i].latency_us & INT64_MAX), "residency_us",
						(json_int_t) (p->states[i].residency_us & INT64_MAX), "cpus",
						hj_set(&p->states[i].cpus), "disabled_on", hj_set(&p->states[i].disabled)));
	return list;
}

static json_t *qos_json(const struct power_facts *p)
{
	json_t *holders = json_array();

	for (size_t i = 0; i < p->n_holders; i++)
		json_array_append_new(
			holders, json_pack("{s:i, s:o}", "pid", (int) p->holders[i].pid, "comm", hj_text(p->holders[i].comm)));
	return json_pack("{s:b, s:o, s:o}", "known", p->qos_known, "cpu_latency_us", hj_number(p->qos_us), "holders", holders);
}

static json_t *power_json(const struct power_facts *p)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "driver", hj_groups(&p->driver),
			 "governor", hj_groups(&p->governor), "epp", hj_groups(&p->epp), "epb", hj_groups(&p->epb), "min_khz",
			 hj_groups(&p->min_khz), "max_khz", hj_groups(&p->max_khz), "resume_latency",
			 hj_groups(&p->resume_latency), "turbo", turbo_name(p->turbo), "pstate", hj_text(p->pstate),
			 "idle_driver", hj_text(p->idle_driver), "idle_governor", hj_text(p->idle_governor), "idle_states",
			 states_json(p), "pm_qos", qos_json(p));
}

static json_t *coalesce_json(const struct nic_fact *n)
{
	const struct nic_coalesce *c = &n->coalesce;

	if (!n->coalesce_known)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "rx_usecs", hj_number(c->rx_usecs), "rx_frames",
			 hj_number(c->rx_frames), "tx_usecs", hj_number(c->tx_usecs), "tx_frames", hj_number(c->tx_frames),
			 "adaptive_rx", hj_number(c->adaptive_rx), "adaptive_tx", hj_number(c->adaptive_tx));
}

static json_t *offloads_json(const struct nic_fact *n)
{
	const struct nic_offloads *o = &n->offloads;

	if (!n->offloads_known)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "gro", hj_number(o->gro), "lro", hj_number(o->lro), "gso", hj_number(o->gso),
			 "tso", hj_number(o->tso));
}

static json_t *nic_json(const struct nic_fact *n)
{
	json_t *j = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i}", "name", hj_text(n->name), "kind", hj_text(n->kind),
			      "driver", hj_text(n->driver), "device", hj_text(n->device), "master", hj_text(n->master), "state",
			      hj_text(n->state), "speed_mbps", hj_number(n->speed_mbps), "node", hj_number(n->node), "mtu",
			      (int) n->mtu);

	json_object_update_new(j, json_pack("{s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:o}", "rx_queues",
					    (int) n->rx_queues, "tx_queues", (int) n->tx_queues, "queues_max",
					    hj_number(n->queues_max), "ring", hj_text(n->ring), "coalesce", coalesce_json(n),
					    "offloads", offloads_json(n), "gro_flush_ns", hj_number(n->gro_flush_ns),
					    "defer_hard_irqs", hj_number(n->defer_hard_irqs), "threaded", hj_number(n->threaded),
					    "rps", n->rps, "xps", n->xps, "aspm", hj_text(n->aspm)));
	return j;
}

static json_t *pci_json(const struct pci_device *d)
{
	char vendor[8], device[8];

	text_print(vendor, sizeof(vendor), "%04x", d->vendor);
	text_print(device, sizeof(device), "%04x", d->device);
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:i, s:i}", "address", d->address, "vendor", vendor,
			 "device", device, "driver", hj_text(d->driver), "netdev", hj_text(d->netdev), "node",
			 hj_number(d->numa_node), "local_cpus", hj_set(&d->local_cpus), "iommu_group", hj_number(d->group),
			 "virtual_function", d->is_vf, "physical_function", hj_text(d->pf), "vfs_total", (int) d->vfs_total,
			 "vfs", (int) d->vfs);
}

static json_t *kvm_json(const struct kvm_facts *k)
{
	json_t *params = json_array();

	for (size_t i = 0; i < k->n_params; i++)
		json_array_append_new(params, json_pack("{s:s, s:o, s:o}", "module", k->params[i].module, "name",
							hj_text(k->params[i].name), "value", hj_text(k->params[i].value)));
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "usable", kvm_usable_name(k->usable), "why", hj_text(k->why),
			 "vendor", hj_text(k->vendor), "version", hj_number(k->version), "nested_paging",
			 hj_number(k->nested_paging), "nested", hj_number(k->nested), "direct_interrupts", hj_number(k->avic),
			 "parameters", params);
}

static json_t *virt_json(const struct virt_facts *v)
{
	return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "guest", v->guest, "hypervisor", hj_text(v->hypervisor),
			 "product", hj_text(v->product), "container", hj_text(v->container), "steal_percent",
			 v->steal_known ? json_real(v->steal_percent) : json_null(), "kvm_features", hj_text(v->kvm_features),
			 "kvm_hints_dedicated", hj_number(v->kvm_hints_dedicated));
}

static json_t *home_json(const struct cgroup_home *h)
{
	if (!h->version)
		return json_null();
	return json_pack("{s:i, s:o, s:o, s:b}", "version", h->version, "mount", hj_text(h->dir), "own", hj_text(h->own),
			 "writable", h->writable);
}

static json_t *cgroups_json(const struct machine_facts *m)
{
	const struct partition_facts *p = &m->partition;
	json_t *list = json_array();

	for (size_t i = 0; i < p->n; i++)
		json_array_append_new(list, json_pack("{s:o, s:o, s:b, s:o}", "path", hj_text(p->at[i].path), "state",
						      hj_text(p->at[i].state), "valid", p->at[i].valid, "cpus",
						      hj_set(&p->at[i].cpus)));
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:i, s:o}", "layout", host_cgroups_name(m->host.cgroup.layout), "unified",
			 hj_text(m->host.cgroup.unified), "cpuset", home_json(&m->host.cgroup.cpuset), "cpu",
			 home_json(&m->host.cgroup.cpu), "isolated", hj_set(&p->isolated), "groups", (int) p->groups,
			 "partitions", list);
}

static json_t *service_json(const struct service_fact *s)
{
	return json_pack("{s:s, s:b, s:i, s:o, s:b, s:s, s:o}", "name", s->row->name, "running", s->processes > 0, "processes",
			 (int) s->processes, "pid", s->pid ? json_integer(s->pid) : json_null(), "enabled", s->enabled, "fights",
			 s->row->fights, "config", hj_text(s->config));
}

void machine_parts_json(const struct machine_facts *m, json_t *into)
{
	json_t *nics = json_array(), *services = json_array(), *pci = json_array();

	for (size_t i = 0; i < m->nic.n; i++)
		json_array_append_new(nics, nic_json(&m->nic.at[i]));
	for (size_t i = 0; i < m->pci.n; i++)
		json_array_append_new(pci, pci_json(&m->pci.at[i]));
	for (size_t i = 0; i < m->service.n; i++)
		json_array_append_new(services, service_json(&m->service.at[i]));
	json_object_set_new(into, "memory", memory_json(&m->host.memory));
	json_object_set_new(into, "power", power_json(&m->power));
	json_object_set_new(into, "aspm_policy", hj_text(m->nic.aspm_policy));
	json_object_set_new(into, "nics", nics);
	json_object_set_new(into, "pci_network_devices", pci);
	json_object_set_new(into, "iommu", json_boolean(!m->iommu[0]));
	json_object_set_new(into, "kvm", kvm_json(&m->kvm));
	json_object_set_new(into, "virtualisation", virt_json(&m->virt));
	json_object_set_new(into, "cgroups", cgroups_json(m));
	json_object_set_new(into, "services", services);
}
