import java.nio.file.Path;
import java.util.List;
import org.elasticsearch.cluster.coordination.ClusterBootstrapService;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.discovery.FileBasedSeedHostsProvider;
import org.elasticsearch.transport.TcpTransport;

/**
 * Prints the addresses that Elasticsearch looks for other nodes at, as it reads them in the unicast_hosts.txt of
 * each config folder and looks them up, and whether such a node would found a cluster by itself.
 */
class ElasticsearchSeeds {
    public static void main(String[] arguments) throws Exception {
        var parse = TcpTransport.class.getDeclaredMethod("parse", String.class, int.class);
        parse.setAccessible(true);
        for (String folder : arguments) {
            System.out.println(folder);
            new FileBasedSeedHostsProvider(Path.of(folder)).getSeedAddresses(hosts -> {
                for (String host : hosts) {
                    try {
                        for (Object address : (Object[]) parse.invoke(null, host, 1)) {
                            System.out.println(address);
                        }
                    } catch (ReflectiveOperationException wrong) {
                        throw new IllegalArgumentException(host, wrong);
                    }
                }
                return List.of();
            });
        }
        var settings = Settings.builder().putList("discovery.seed_providers", "file").build();
        System.out.println("/founds=" + !ClusterBootstrapService.discoveryIsConfigured(settings));
        System.out.println("/founds without=" + !ClusterBootstrapService.discoveryIsConfigured(Settings.EMPTY));
    }
}
