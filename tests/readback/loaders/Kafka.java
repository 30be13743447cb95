import java.io.FileInputStream;
import java.util.Properties;
import kafka.server.KafkaConfig;

/**
 * Prints what a Kafka broker takes from a properties file, as `name=value`; refuses what it refuses. Of several
 * files each is printed after its path.
 */
class Kafka {
    public static void main(String[] arguments) throws Exception {
        for (String path : arguments) {
            var properties = new Properties();
            try (var file = new FileInputStream(path)) {
                properties.load(file);
            }
            if (arguments.length > 1) {
                System.out.println(path);
            }
            KafkaConfig.fromProps(properties).values().forEach((name, value) -> System.out.println(name + "=" + value));
        }
    }
}
