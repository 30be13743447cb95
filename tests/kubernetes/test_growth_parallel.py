from __future__ import annotations

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.growth import from_one_to_five_to_two
from tests.kubernetes.workload import Place, Wish


def test_pods_that_start_all_at_once_are_in_all_files_from_one_to_three_to_five_to_two(
    cluster: Cluster, place: Place
) -> None:
    wish = Wish(policy="Parallel", replicas=1, is_guaranteed=True)
    from_one_to_five_to_two(cluster, place, wish)
